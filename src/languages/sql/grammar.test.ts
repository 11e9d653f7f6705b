import { fieldTypes, nodeManners, nodesSince } from './grammar.ts';
import { tableChanges } from './alter-table.ts';
import { operations } from './operations.ts';
import { statementLines, statementReaders } from './statements.ts';
import { objectWords } from './words.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const published = dirname(createRequire(import.meta.url).resolve('@pgsql/types/package.json'));
const types = readFileSync(join(published, 'types.d.ts'), 'utf8');
const enums = readFileSync(join(published, 'enums.d.ts'), 'utf8');

/** Type → its fields. */
const interfaces = new Map(
  [...types.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)].map(([, name = '', body = '']) => [
    name,
    new Map([...body.matchAll(/^\s+(\w+)\??: (.*?);/gm)].map(([, field = '', type = '']) => [field, type])),
  ]),
);
const union = types.slice(types.indexOf('export type Node ='), types.indexOf('export interface'));
const nodes = [...union.matchAll(/^ {4}(\w+): \w+;$/gm)].map(([, name = '']) => name);

function membersOf(name: string): readonly string[] {
  const line = new RegExp(`^export type ${name} = (.*);$`, 'm').exec(enums)?.[1] ?? '';
  return [...line.matchAll(/"(\w+)"/g)].map(([, member = '']) => member);
}

test('the published grammar was read at all', () => {
  expect(nodes.length).toBeGreaterThan(250);
  expect(interfaces.size).toBeGreaterThan(270);
  expect(nodes).toContain('RawStmt');
});

test('K6 every statement node of PostgreSQL 18 has a line, and every line is a node', () => {
  const statements = nodes.filter((name) => name.endsWith('Stmt') && name !== 'ReplicaIdentityStmt');
  expect(statements.length).toBeGreaterThan(115);
  expect(statements.filter((name) => !statementReaders.has(name))).toEqual([]);
  expect([...statementReaders.keys()].filter((name) => !nodes.includes(name))).toEqual([]);
});

test('K6 no line hides another', () => {
  expect(statementLines).toBe(statementReaders.size);
});

test('K6 every other node has a manner, and every manner is of a node', () => {
  const others = nodes.filter((name) => !name.endsWith('Stmt') || name === 'ReplicaIdentityStmt');
  expect(others.filter((name) => !nodeManners.has(name))).toEqual([]);
  expect([...nodeManners.keys()].filter((name) => !nodes.includes(name))).toEqual([]);
  expect([...nodesSince.keys()].filter((name) => !nodes.includes(name))).toEqual([]);
});

test('K6 every field that holds a node without its tag is known with its type', () => {
  const analysed = [...nodeManners].filter(([, manner]) => manner === 'never').map(([name]) => name);
  const expected: string[] = [];
  for (const [name, fields] of interfaces) {
    if (analysed.includes(name) || !nodes.includes(name)) continue;
    for (const [field, type] of fields) {
      if (!interfaces.has(type) || analysed.includes(type)) continue;
      expected.push(`${name}.${field}:${type}`);
    }
  }
  expect(expected.length).toBeGreaterThan(100);
  expect([...fieldTypes].map(([field, type]) => `${field}:${type}`).toSorted()).toEqual(expected.toSorted());
});

test('K6 a leaf holds nothing that could run', () => {
  // Names of locked relations are aliases; options of RETURNING are names; A_Const holds constants.
  // `xpr` is the C struct's base, which text never has.
  const allowed = [
    'LockingClause.lockedRels',
    'Alias.colnames',
    'SQLValueFunction.xpr',
    'SetToDefault.xpr',
    'MergeSupportFunc.xpr',
  ];
  const bare = ['number', 'string', 'boolean', 'Integer', 'Float', 'Boolean', 'String', 'BitString'];
  const holding: string[] = [];
  for (const [name, manner] of nodeManners) {
    if (manner !== 'leaf') continue;
    for (const [field, type] of interfaces.get(name) ?? []) {
      const plain = bare.includes(type) || (!interfaces.has(type) && !type.startsWith('Node'));
      if (!plain && !allowed.includes(`${name}.${field}`)) holding.push(`${name}.${field}: ${type}`);
    }
  }
  expect(holding).toEqual([]);
});

test('K6 every subcommand of ALTER TABLE and every object type has a line', () => {
  expect(Object.keys(tableChanges).toSorted()).toEqual(membersOf('AlterTableType').toSorted());
  expect([...objectWords.keys()].toSorted()).toEqual(membersOf('ObjectType').toSorted());
});

test('K6 every operation is used, once in the list', () => {
  const source = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'operations.ts')
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .join('\n');
  expect(new Set(operations).size).toBe(operations.length);
  expect(operations.filter((operation) => !source.includes(`'${operation}'`))).toEqual([]);
});
