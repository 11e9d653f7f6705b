import { readFileSync } from 'node:fs';
import { buildClientSchema, type IntrospectionQuery } from 'graphql';
import { expect, it } from 'vitest';
import { railwaySchema } from '../../src/providers/railway/schema.ts';
import { pinnedSignatures } from '../../src/providers/railway/signatures.ts';

it('K6 the schema that requests are judged by is the published one that the double serves', () => {
  const read = JSON.parse(readFileSync(new URL('../../demo/railway/schema.json', import.meta.url), 'utf8')) as
    | IntrospectionQuery
    | { readonly data: IntrospectionQuery };
  const published = buildClientSchema('data' in read ? read.data : read);
  expect(pinnedSignatures(railwaySchema())).toEqual(pinnedSignatures(published));
  const fields = (schema: typeof published): readonly string[] =>
    Object.keys(schema.getTypeMap())
      .filter((name) => !name.startsWith('__'))
      .toSorted();
  expect(fields(railwaySchema())).toEqual(fields(published));
});
