import { describe, expect, test } from 'vitest';
import { actionsIn, catalogueOf } from './catalogue.ts';
import { presets } from './presets.ts';
import { samples } from './samples.ts';
import { openSql, operations } from '../../languages/sql/index.ts';

const sql = await openSql();
const catalogue = new Map(catalogueOf(sql).map((one) => [one.operation, one]));

describe('the catalogue', () => {
  test('K2: every operation has a class by form; what a sample does not show is unknown', () => {
    expect([...catalogue.keys()]).toEqual(operations);
    const unclear = [...catalogue.values()].filter((one) => one.reversibility === 'unknown');
    expect(unclear.map((one) => one.operation)).toEqual([
      'postgres:call',
      'postgres:commit-prepared',
      'postgres:do',
      'postgres:execute',
      'postgres:prepare-transaction',
      'postgres:rollback-prepared',
      'postgres:set-role',
      'postgres:unknown',
    ]);
    expect(Object.keys(samples)).toHaveLength(operations.length - 1);
  });

  test('K2 K4: nothing that drops, empties, overwrites or changes rights is called milder than irreversible', () => {
    const grave =
      /:(?:drop|truncate|delete|update|alter-role|alter-system|grant|revoke|alter-column-type|reassign|set-unlogged|vacuum-full)/;
    for (const [operation, one] of catalogue)
      if (grave.test(operation)) expect(one.reversibility, operation).toBe('irreversible');
  });

  test('C2: presets hold what they say, each with the frame, and none of the narrower ones what is the server’s', () => {
    const { 'postgres:read': read = [], 'postgres:write': write = [], 'postgres:migrate': migrate = [] } = presets;
    expect(presets['postgres:all']).toEqual(operations);
    for (const preset of Object.values(presets)) {
      expect(new Set(preset).size).toBe(preset.length);
      expect(preset).toEqual(expect.arrayContaining(['postgres:begin', 'postgres:commit', 'postgres:show']));
      for (const operation of preset) expect(catalogue.has(operation), operation).toBe(true);
    }
    expect(read.filter((one) => catalogue.get(one)?.reversibility === 'irreversible')).toEqual([]);
    expect(write).toEqual(expect.arrayContaining([...read]));
    expect(migrate).toEqual(expect.arrayContaining([...write, 'postgres:drop-table', 'postgres:truncate']));
    expect(write.filter((one) => /drop|truncate|alter|create/.test(one))).toEqual([]);
    expect(
      migrate.filter((one) => /role|system|database|program|file|foreign|subscription|language/.test(one)),
    ).toEqual([]);
  });
});

describe('explain', () => {
  test.each([
    ['select 1', ['read']],
    ['delete from t', ['irreversible']],
    ['select 1; drop table t', ['read', 'irreversible']],
    ['select wipe()', ['unknown']],
    ['select count(*), lower(a) from t', ['read']],
    ['insert into t values (1)', ['reversible']],
    ['set role boss', ['unknown']],
    ["prepare transaction 'x'", ['unknown']],
    ['call p()', ['unknown']],
    ['do $$ begin execute x; end $$', ['unknown']],
  ])('K2: `%s`', (text, classes) => {
    const found = actionsIn(sql, text).map((one) => one.reversibility);
    expect([...new Set(found)]).toEqual(expect.arrayContaining(classes));
  });

  test('K2 K5: what is no statement, or holds NUL, is refused', () => {
    for (const text of ['', ';', 'selec', 'select 1\0; drop table t']) expect(() => actionsIn(sql, text)).toThrow();
  });
});
