/** Writes `schema/holdpoint.schema.json`, the published JSON Schema of `holdpoint.yaml`, from the schema that the daemon reads by. */
import { configJsonSchema } from '../src/daemon/config.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file's text as it should be. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}

export const schemaPath = join(import.meta.dirname, '../schema/holdpoint.schema.json');

if (process.argv[1] === import.meta.filename) {
  mkdirSync(join(schemaPath, '..'), { recursive: true });
  writeFileSync(schemaPath, schemaText());
  console.log(`wrote ${schemaPath}`);
}
