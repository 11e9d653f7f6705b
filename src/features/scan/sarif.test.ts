import { expect, test } from 'vitest';
import * as z from 'zod';
import { findingId, type CredentialKind, type Finding, type Place } from './finding.ts';
import { preconditionsOf } from './preconditions.ts';
import { sarifOf } from './sarif.ts';

// What sarif-schema-2.1.0.json says of the properties that we write; `strictObject` because it closes every object too.
const text = z.strictObject({ text: z.string().min(1) });
const level = z.enum(['none', 'note', 'warning', 'error']);
const bag = z.looseObject({ tags: z.array(z.string()).optional() });
const rule = z.strictObject({
  id: z.string(),
  name: z.string().regex(/^[A-Z][A-Za-z0-9]+$/),
  shortDescription: text,
  fullDescription: text,
  help: text.optional(),
  defaultConfiguration: z.strictObject({ level }),
  properties: bag,
});
const location = z.strictObject({
  physicalLocation: z
    .strictObject({
      artifactLocation: z.strictObject({ uri: z.string().regex(/^[^\s\\]+$/), uriBaseId: z.string().optional() }),
      region: z.strictObject({ startLine: z.int().min(1), startColumn: z.int().min(1) }),
    })
    .optional(),
  logicalLocations: z.array(z.strictObject({ name: z.string(), kind: z.string() })).optional(),
});
const result = z.strictObject({
  ruleId: z.string(),
  ruleIndex: z.int().min(-1),
  kind: z.enum(['notApplicable', 'pass', 'fail', 'review', 'open', 'informational']).optional(),
  level,
  message: text,
  locations: z.array(location).optional(),
  partialFingerprints: z.record(z.string(), z.string()),
  properties: bag,
});
const log = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.array(
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string(),
          version: z.string(),
          semanticVersion: z.string(),
          rules: z.array(rule),
        }),
      }),
      columnKind: z.literal('utf16CodeUnits'),
      originalUriBaseIds: z.record(z.string(), z.strictObject({ uri: z.url().endsWith('/') })).optional(),
      results: z.array(result),
    }),
  ),
});

function finding(kind: CredentialKind, place: Place): Finding {
  return {
    id: findingId(kind, place),
    kind,
    place,
    masked: '…',
    fingerprint: 'ab'.repeat(32),
    certainty: 'inferred',
    why: 'it is one',
    facts: [],
  };
}

test('N1: a SARIF log is of the schema, names files from the root, and points each result at its rule', () => {
  const findings = [
    finding('railway', { kind: 'file', path: '/repo/a b/ü.env', line: 2, column: 3, key: 'RAILWAY_TOKEN' }),
    finding('postgres', { kind: 'config', path: '/home/me/.pgpass', line: 1, column: 1 }),
    finding('generic', { kind: 'environment', path: 'environment', line: 1, column: 1, key: 'A_TOKEN' }),
  ];
  const preconditions = preconditionsOf({ findings, routes: [] });
  const read = log.parse(sarifOf({ findings, preconditions, root: '/repo', version: '1.2.3' }));
  const [run] = read.runs;
  const rules = run?.tool.driver.rules ?? [];
  for (const one of run?.results ?? []) expect(rules[one.ruleIndex]?.id).toBe(one.ruleId);
  expect(run?.results.slice(0, 3).map((one) => one.locations?.[0]?.physicalLocation?.artifactLocation)).toEqual([
    { uri: 'a%20b/%C3%BC.env', uriBaseId: 'SRCROOT' },
    { uri: 'file:///home/me/.pgpass' },
    undefined,
  ]);
  // A level other than `none` is only for what failed (SARIF 3.27.10).
  for (const one of run?.results ?? [])
    if (one.kind !== undefined && one.kind !== 'fail') expect(one.level).toBe('none');
});

test('N1: where nothing was found the log is still whole', () => {
  const preconditions = preconditionsOf({ findings: [], routes: [], independentBackup: true });
  const read = log.parse(sarifOf({ findings: [], preconditions, root: undefined, version: '1.2.3' }));
  expect(read.runs[0]?.results).toEqual([]);
});
