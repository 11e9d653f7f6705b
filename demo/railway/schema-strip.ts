import fs from 'node:fs';
import { isObject, type Json } from './json.ts';

/**
 * Makes `schema.json` from Railway's published introspection: the same types, fields, arguments, enum values, defaults and
 * deprecations, without descriptions and empty members. `node demo/railway/schema-strip.ts <introspection.json> <out.json>`
 */
function stripped(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(stripped);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, member]) => {
    return key !== 'description' && member !== null && !(key === 'isDeprecated' && member === false);
  });
  return Object.fromEntries(kept.map(([key, member]) => [key, stripped(member)]));
}

const [source, target] = process.argv.slice(2);
if (source === undefined || target === undefined) {
  console.error('usage: node demo/railway/schema-strip.ts <introspection.json> <out.json>');
  process.exitCode = 2;
} else {
  const read = JSON.parse(fs.readFileSync(source, 'utf8')) as Json;
  const data = isObject(read) && isObject(read['data']) ? read['data'] : read;
  fs.writeFileSync(target, `${JSON.stringify(stripped(data))}\n`);
}
