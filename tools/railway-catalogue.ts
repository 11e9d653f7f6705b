/**
 * Writes what `src/providers/railway` keeps of Railway's published schema, from its introspection JSON:
 *
 *   node tools/railway-catalogue.ts <schema.json>          writes schema.gen.ts, says what has no class and what is new
 *   node tools/railway-catalogue.ts <schema.json> --pin    also writes pins.gen.ts: every signature that was reviewed
 *
 * The pins are what a human looked at when the classes were given. Write them again only after reading the difference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  buildClientSchema,
  type IntrospectionQuery,
  printSchema,
  visit,
  parse,
  print,
  stripIgnoredCharacters,
} from 'graphql';
import { catalogueOf } from '../src/providers/railway/catalogue.ts';
import { pins } from '../src/providers/railway/pins.gen.ts';
import { pinnedSignatures } from '../src/providers/railway/signatures.ts';

const home = new URL('../src/providers/railway/', import.meta.url);

function main(source: string, pin: boolean): void {
  const read = JSON.parse(readFileSync(source, 'utf8')) as IntrospectionQuery | { readonly data: IntrospectionQuery };
  const schema = buildClientSchema('data' in read ? read.data : read);
  const sdl = print(
    visit(parse(printSchema(schema)), {
      enter: (node) =>
        'description' in node && node.description !== undefined ? { ...node, description: undefined } : undefined,
    }),
  );
  writeFileSync(new URL('schema.gen.ts', home), module('sdl', stripIgnoredCharacters(sdl)));
  const signatures = pinnedSignatures(schema);
  say(
    'has no class',
    catalogueOf(schema).flatMap((one) => (one.reversibility === 'unknown' ? [one.operation] : [])),
  );
  say(
    'is new, nobody judged it',
    signatures.filter((line) => !pins.includes(line)),
  );
  say(
    'is gone',
    pins.filter((line) => !signatures.includes(line)),
  );
  if (pin) writeFileSync(new URL('pins.gen.ts', home), pinModule(signatures));
  console.log(`${signatures.length} signatures${pin ? ', pinned' : ''}`);
}

function say(what: string, lines: readonly string[]): void {
  for (const line of lines) console.log(`${what}: ${line}`);
}

function module(name: string, text: string): string {
  return `${header}export const ${name} =\n  ${JSON.stringify(text)};\n`;
}

function pinModule(lines: readonly string[]): string {
  return `${header}export const pins: readonly string[] = [\n${lines.map((line) => `  ${JSON.stringify(line)},\n`).join('')}];\n`;
}

const header = `// Written by tools/railway-catalogue.ts. Do not edit.
// From the schema published in railwayapp/cli (src/gql/schema.json, MIT licence, Copyright (c) Railway Corp.).
`;

const [source, flag] = process.argv.slice(2);
if (source === undefined) {
  console.error('usage: node tools/railway-catalogue.ts <schema.json> [--pin]');
  process.exitCode = 2;
} else {
  main(source, flag === '--pin');
}
