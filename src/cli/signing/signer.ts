import { mkdirSync, openSync, readdirSync, readFileSync, statSync, writeSync, fsyncSync, closeSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { dirname, join } from 'node:path';
import { makeKeyFile, openKeyFile, parseKeyFile, type KeyFile } from './key-file.ts';
import { secretFor } from './passphrase.ts';
import type { Signer as EnrolledSigner } from '../../contract/api.ts';
import type { Api } from '../api/api.ts';
import { Complaint, misused } from '../complaint.ts';
import type { Invocation } from '../invocation.ts';
import { giveToOwnerOf } from '../owner.ts';

/** A key of this machine together with the signer that the daemon knows it as. */
export interface Signer {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** Asks for the passphrase, each time. */
  unlock(): Promise<KeyObject>;
}

/** The passphrase of the key that signs. */
export const passphraseOptions = { fd: 'passphrase-fd', file: 'passphrase-file' } as const;

/** The signer that `--key`, `--signer` or the only key in the data directory names. Throws `Complaint`. */
export async function findSigner(invocation: Invocation, api: Api): Promise<Signer> {
  const path = keyPath(invocation);
  const file = readKeyFile(path);
  const { signers } = await api.get<{ signers: readonly EnrolledSigner[] }>('/v1/signers');
  const enrolled = signers.find((one) => one.publicKey === file.publicKey);
  if (enrolled === undefined) {
    throw new Complaint(
      `the key in \`${path}\` is not enrolled with this daemon`,
      signers.length === 0
        ? 'enrol it with the one-time code that `holdpoint up` prints: holdpoint signer add <name> --code <code>'
        : `an enrolled signer adds yours: ${signers.map((one) => one.name).join(', ')}`,
    );
  }
  return {
    id: enrolled.id,
    name: enrolled.name,
    path,
    unlock: async () =>
      openKeyFile(file, await secretFor(invocation, `passphrase of ${enrolled.name}:`, passphraseOptions)),
  };
}

function keyPath(invocation: Invocation): string {
  const given = invocation.text('key');
  if (given !== undefined) return given;
  const { signers } = invocation.places;
  const name = invocation.text('signer') ?? invocation.env['HOLDPOINT_SIGNER'];
  if (name !== undefined && name !== '') return join(signers, `${slug(name)}.key`);
  let found: readonly string[];
  try {
    found = readdirSync(signers).filter((file) => file.endsWith('.key'));
  } catch (cause) {
    throw new Complaint(
      `the signers' keys cannot be read: \`${signers}\``,
      'run this as the account that keeps the key, or name it with --key',
      { cause },
    );
  }
  const [only, ...others] = found;
  if (only === undefined)
    throw new Complaint(
      `there is no signer's key in \`${signers}\``,
      'the first one is made by the one-time code of `holdpoint up`: holdpoint signer add <name> --code <code>; where the code is lost, `holdpoint down` and `holdpoint up` as before give another; a key that lies elsewhere is named with --key',
    );
  if (others.length > 0) {
    throw misused(
      'there are several signers here, and a signature is one person’s',
      `say whose: --signer ${found.map((file) => file.slice(0, -4)).join(' | ')}`,
    );
  }
  return join(signers, only);
}

/** A name of a signer as it stands in file names. Throws `Complaint`. */
export function slug(name: string): string {
  if (/^[a-z][a-z0-9-]{0,39}$/.test(name)) return name;
  throw misused(`\`${name}\` is no name`, 'use lower-case letters, digits and hyphens, a letter first');
}

/** Reads a key that only its owner may read. */
export function readKeyFile(path: string): KeyFile {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0)
      throw new Complaint(`others may read the signer's key \`${path}\``, `close it first: chmod 600 ${path}`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Complaint) throw cause;
    throw new Complaint(`the signer's key \`${path}\` cannot be read`, 'name another with --key or --signer', {
      cause,
    });
  }
  return parseKeyFile(text, path);
}

/** Makes a key and writes it durably, to a path where nothing is yet. */
export async function createKey(name: string, path: string, passphrase: string): Promise<KeyFile> {
  const file = await makeKeyFile(name, passphrase);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (cause) {
    throw new Complaint(`\`${path}\` is not written over`, 'name another file with --new-key, or move that one away', {
      cause,
    });
  }
  try {
    giveToOwnerOf(dirname(path), fd);
    writeSync(fd, `${JSON.stringify(file, undefined, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return file;
}
