import { requirements } from './requirements.ts';
import { roomOf } from '../tools/house/check.ts';
import { claimsIn } from '../tools/house/titles.ts';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const due = requirements.filter(({ rooms }) => rooms.some((room) => existsSync(join(root, room))));
const notDue = requirements.filter((one) => !due.includes(one));

/** Test file → what it claims. */
const claims = new Map(
  globSync('{src,test,demo}/**/*.test.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', 'test/requirements.test.ts'],
  }).map((path) => [path, claimsIn(path, readFileSync(join(root, path), 'utf8'))]),
);

function citing(id: string): readonly string[] {
  const word = new RegExp(`\\b${id}\\b`);
  return [...claims].filter(([, said]) => said.some((text) => word.test(text))).map(([path]) => path);
}

test.each(due.map(({ id, text }) => [id, text] as const))('%s is cited by a test: %s', (id) => {
  expect(citing(id).length, `no test cites ${id}`).toBeGreaterThan(0);
});

test('what is not due yet is named', () => {
  console.log(`not due, no room answers for them yet: ${notDue.map(({ id }) => id).join(' ')}`);
  for (const { id, rooms } of notDue) expect(rooms.length, id).toBeGreaterThan(0);
});

test('ids are unique and their rooms are rooms of the house', () => {
  expect(new Set(requirements.map(({ id }) => id)).size).toBe(requirements.length);
  expect(requirements.length).toBeGreaterThanOrEqual(40);
  for (const { id, rooms } of requirements) {
    for (const room of rooms) expect(roomOf(`${room}/x.ts`), id).toBeDefined();
  }
});

test('a claim is a title, a row of a table or a comment; a skipped test claims nothing', () => {
  const text = [
    "describe('C1', () => { test(`C2 ${1}`, () => { f('C3'); }); });",
    "test.each([['C4']])('%s', () => {});",
    '// proves C5',
    "test.skip('E1', () => {}); test.todo('E2'); describe.skip('E3', () => { test('E4', () => {}); });",
    "test.skipIf(x)('K1', () => {});",
  ].join('\n');
  const said = claimsIn('x.test.ts', text).join(' ');
  expect([...new Set(said.match(/\b[A-Z]\d\b/g))].toSorted()).toEqual(['C1', 'C2', 'C4', 'C5', 'K1']);
});
