import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaPath, schemaText } from '../../tools/schema.ts';

test('the published schema of holdpoint.yaml is the one that the daemon reads by', () => {
  expect(readFileSync(schemaPath, 'utf8'), 'run: node tools/schema.ts').toBe(schemaText());
  const schema = JSON.parse(schemaText()) as { readonly properties: object; readonly additionalProperties: unknown };
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['version', 'environments', 'upstreams', 'egress']),
  );
  expect(schema.additionalProperties).toBe(false);
});
