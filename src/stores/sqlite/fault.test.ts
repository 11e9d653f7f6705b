import { expect, test } from 'vitest';
import { StoreFault, storeFault } from './fault.ts';

test('F1: a page that does not read is not said to be a damaged file before somebody has looked again', () => {
  // SQLITE_CORRUPT_INDEX: the primary code is in the low byte.
  const fault = storeFault(Object.assign(new Error('database disk image is malformed'), { errcode: 779 }));
  expect(fault).toMatchObject({ code: 'damaged', message: expect.stringMatching(/not whole; start again, and if/) });
  expect(fault.message).not.toContain('the store is damaged');
});

test('F1: what is known by no code is not called anything, and ours stays as it is', () => {
  expect(storeFault(new Error('x'))).toMatchObject({ code: 'failed' });
  const own = new StoreFault('slow', 'late');
  expect(storeFault(own)).toBe(own);
});
