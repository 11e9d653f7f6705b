import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { unreadAnswers } from './unread-answers.ts';

const line = (): Duplex => new Duplex({ read: () => undefined, write: () => undefined });

test('F3: beyond the bound the connection that has not read for the longest time is ended, and no other', () => {
  const unread = unreadAnswers(100);
  const [first, second, third, fourth] = [line(), line(), line(), line()];
  unread.hold(first, 40);
  const read = unread.hold(second, 40);
  read.taken();
  unread.hold(third, 50);
  expect([first, second, third].map((one) => one.destroyed)).toEqual([false, false, false]);
  unread.hold(fourth, 60);
  expect([first, second, third, fourth].map((one) => one.destroyed)).toEqual([true, false, true, false]);
});

test('F3: one answer that is larger than the bound by itself still goes out', () => {
  const unread = unreadAnswers(100);
  const [first, second] = [line(), line()];
  unread.hold(first, 500);
  expect(first.destroyed).toBe(false);
  unread.hold(second, 500);
  expect([first.destroyed, second.destroyed]).toEqual([true, false]);
});

test('F3: what was taken, or whose connection closed, counts no more', async () => {
  const unread = unreadAnswers(100);
  const [first, second, third] = [line(), line(), line()];
  const read = unread.hold(first, 90);
  read.taken();
  read.taken();
  unread.hold(second, 90);
  second.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  unread.hold(third, 90);
  expect([first.destroyed, third.destroyed]).toEqual([false, false]);
});
