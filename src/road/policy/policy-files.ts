import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PolicyError } from './policy-error.ts';

/** One Cedar file: `traits.cedar` and its text. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

const fileName = /^[a-z0-9][a-z0-9-]{0,63}\.cedar$/;
const maxFiles = 64;
const maxFileBytes = 256 * 1024;

/** The policy that ships with the package: `policy/` at its root, from `src/` and from `dist/` alike. */
export function defaultPolicyDirectory(): string {
  return fileURLToPath(new URL('../../../policy/', import.meta.url));
}

/** The schema belongs to the code that fills in the facts, so it is never taken from a team's own directory. */
export function readSchema(): string {
  return readFileSync(join(defaultPolicyDirectory(), 'schema.cedarschema'), 'utf8');
}

/** The `*.cedar` files right in the directory, not below it, sorted by name. */
export function readPolicyDirectory(directory: string): readonly PolicyFile[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.cedar'));
  return names.sort().map((name) => ({ name, text: decode(name, readFileSync(join(directory, name))) }));
}

/** Throws `PolicyError` for names, sizes and bytes that no policy file of ours has. */
export function checkPolicyFiles(files: readonly PolicyFile[]): void {
  const fail = (file: string, message: string, hint: string): never => {
    throw new PolicyError([{ file, line: 1, column: 1, message, hint }]);
  };
  if (files.length === 0)
    fail(
      'policy',
      'there is no policy file',
      'a policy is one or more `.cedar` files; without a rule everything is denied',
    );
  if (files.length > maxFiles) fail('policy', `there are ${files.length} policy files`, `keep to ${maxFiles}`);
  const seen = new Set<string>();
  for (const { name, text } of files) {
    if (!fileName.test(name))
      fail(
        name,
        `\`${name}\` is no name for a policy file`,
        'use lower-case letters, digits and hyphens, then `.cedar`',
      );
    if (seen.has(name)) fail(name, 'the file is given twice', 'give each file once');
    if (Buffer.byteLength(text) > maxFileBytes) fail(name, 'the file is larger than 256 KiB', 'split it');
    if (text.includes('\0') || !text.isWellFormed())
      fail(name, 'the file is not plain UTF-8 text', 'save it as UTF-8 without NUL');
    seen.add(name);
  }
}

/** SHA-256 over the schema and every file's name and text, each with its length, in order of name. */
export function policyVersion(schema: string, files: readonly PolicyFile[]): string {
  const hash = createHash('sha256');
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const part of ['holdpoint/policy/v1', schema, ...sorted.flatMap(({ name, text }) => [name, text])]) {
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest('hex');
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PolicyError([
      { file: name, line: 1, column: 1, message: 'the file is not UTF-8', hint: 'save it as UTF-8' },
    ]);
  }
}
