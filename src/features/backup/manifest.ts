import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, frozen, type Json } from '../../model/json.ts';
import { openObject, sealObject } from './format/object.ts';

/** A stretch of a file's bytes, inside the plain bytes of one object of the manifest. */
export interface Extent {
  /** Index into `objects`. */
  readonly object: number;
  readonly at: number;
  readonly length: number;
}

/** A file of the data directory. Its bytes are those of its extents, in order; an empty file has none. */
export interface BackedUpFile {
  /** Relative to the data directory, `/` between parts. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  /** Of the plain bytes, lower-case hexadecimal. */
  readonly sha256: string;
  readonly extents: readonly Extent[];
}

/** What only the holder of a private key can read: names, sizes and places of what was copied. */
export type BackupContent =
  | {
      readonly kind: 'base';
      readonly directories: readonly { readonly path: string; readonly mode: number }[];
      readonly files: readonly BackedUpFile[];
      /** PostgreSQL's own `backup_manifest`, as text; empty where the server gave none. */
      readonly serverManifest: string;
    }
  /** One stream in pg_dump's custom format. */
  | { readonly kind: 'dump'; readonly size: number; readonly sha256: string; readonly extents: readonly Extent[] };

/** An object that a backup consists of. */
export interface BackupObject {
  readonly key: string;
  /** Of the bytes as stored. */
  readonly sha256: string;
  readonly size: number;
  /** ISO 8601: the earliest of all stores. */
  readonly keptUntil: string;
  /** The version in each store, by the store's name. */
  readonly versions: { readonly [store: string]: string };
}

/** Which cluster a backup is of. */
export interface BackedUpCluster {
  /** `system_identifier`. */
  readonly system: string;
  readonly timeline: number;
  /** `server_version_num`. */
  readonly version: number;
  /** Bytes of one segment of the write-ahead log. */
  readonly segmentSize: number;
  readonly checksums: boolean;
  /** Databases with their installed extensions. */
  readonly extensions: { readonly [database: string]: readonly string[] };
}

/** What stands in the clear, under a signature: enough to verify every object without any private key. */
export interface BackupManifest {
  readonly v: 1;
  /** `bk_…` */
  readonly backup: string;
  /** Name of the upstream that was copied. */
  readonly name: string;
  readonly cluster: BackedUpCluster;
  readonly kind: 'base' | 'dump';
  /** Of a dump: the database. */
  readonly database?: string | undefined;
  /** Where replay has to begin, and how far it must go before the copy is consistent. A dump has none. */
  readonly startLsn?: string | undefined;
  readonly endLsn?: string | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly keptUntil: string;
  /** Bytes before compression. */
  readonly plainSize: number;
  /** Public recipients of the seals. */
  readonly recipients: readonly string[];
  readonly objects: readonly BackupObject[];
  /** The backup before this one from the same place, so that one taken away is missed. */
  readonly previous?: { readonly backup: string; readonly sha256: string; readonly keptUntil: string } | undefined;
  /** `BackupContent`, sealed as every object is; base64url. */
  readonly body: string;
  /** Ed25519 over everything else, base64url. */
  readonly signature: string;
}

/** The bytes are no manifest, or not signed by the key that should have. */
export class ManifestRefused extends Error {
  override readonly name = 'ManifestRefused';
}

/** No manifest of ours is larger. */
export const largestManifest = 256 * 1024 * 1024;

const domain = 'holdpoint/backup-manifest/v1\0';
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

const manifestSchema = z.strictObject({
  v: z.literal(1),
  backup: z.string().regex(/^bk_[A-Za-z0-9_]{1,60}$/),
  name: z.string().min(1).max(100),
  cluster: z.strictObject({
    system: z.string().regex(/^\d{1,20}$/),
    timeline: z.int().positive(),
    version: z.int().positive(),
    segmentSize: z.int().positive(),
    checksums: z.boolean(),
    extensions: z.record(z.string(), z.array(z.string())),
  }),
  kind: z.enum(['base', 'dump']),
  database: z.string().optional(),
  startLsn: lsn.optional(),
  endLsn: lsn.optional(),
  startedAt: time,
  finishedAt: time,
  keptUntil: time,
  plainSize: count,
  recipients: z.array(z.string()).min(1),
  objects: z.array(
    z.strictObject({
      key: z.string().max(512),
      sha256,
      size: count,
      keptUntil: time,
      versions: z.record(z.string(), z.string().min(1)),
    }),
  ),
  previous: z.strictObject({ backup: z.string(), sha256, keptUntil: time }).optional(),
  body: z.string(),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

const extents = z.array(z.strictObject({ object: count, at: count, length: z.int().positive() }));
const contentSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('base'),
    directories: z.array(z.strictObject({ path: z.string(), mode: count })),
    files: z.array(z.strictObject({ path: z.string(), mode: count, size: count, modified: count, sha256, extents })),
    serverManifest: z.string(),
  }),
  z.strictObject({ kind: z.literal('dump'), size: count, sha256, extents }),
]);

/** A manifest before its content is sealed into it and it is signed. */
export type UnsignedManifest = Omit<BackupManifest, 'v' | 'body' | 'signature'>;

/** A manifest and the very bytes that are stored. */
export interface SignedManifest {
  readonly manifest: BackupManifest;
  readonly bytes: Uint8Array;
  /** Of `bytes`, lower-case hexadecimal: what the journal keeps. */
  readonly sha256: string;
}

/** Seals the content for the manifest's recipients and signs the whole. `signing`: a private Ed25519 key. */
export async function signManifest(
  unsigned: UnsignedManifest,
  content: BackupContent,
  signing: KeyObject,
): Promise<SignedManifest> {
  const sealed = await sealObject(Buffer.from(JSON.stringify(content)), unsigned.recipients);
  const told = { ...unsigned, v: 1 as const, body: Buffer.from(sealed.bytes).toString('base64url') };
  const signature = sign(null, signedText(told), signing).toString('base64url');
  const manifest = manifestSchema.parse({ ...told, signature });
  const bytes = Buffer.from(canonicalJson(manifest as unknown as Json));
  if (bytes.length > largestManifest) throw new RangeError('the manifest is larger than any may be');
  return Object.freeze({ manifest: frozen(manifest), bytes, sha256: hash('sha256', bytes, 'hex') });
}

/**
 * Reads stored bytes. Throws `ManifestRefused` unless they are exactly what was signed by the holder of `publicKey`:
 * one bit more or less and there is no manifest.
 */
export function readManifest(bytes: Uint8Array, publicKey: KeyObject): BackupManifest {
  if (bytes.length > largestManifest) throw new ManifestRefused('the manifest is larger than any may be');
  const text = textOf(bytes);
  const manifest = parsed(text);
  const { signature: signatureText, ...told } = manifest;
  const signature = Buffer.from(signatureText, 'base64url');
  // The last letter has bits to spare: only one way of writing it counts.
  const genuine =
    signature.toString('base64url') === signatureText && verify(null, signedText(told), publicKey, signature);
  if (!genuine) throw new ManifestRefused('the manifest is not signed by this installation’s backup key');
  if (canonicalJson(manifest as unknown as Json) !== text)
    throw new ManifestRefused('the manifest is not written as it was signed');
  return frozen(manifest);
}

/** What was copied. Throws `SealBroken` for an identity it is not sealed for. */
export async function openContent(manifest: BackupManifest, identity: string): Promise<BackupContent> {
  const plain = await openObject(Buffer.from(manifest.body, 'base64url'), identity, largestManifest * 4);
  const read = contentSchema.safeParse(JSON.parse(Buffer.from(plain).toString()));
  if (!read.success || read.data.kind !== manifest.kind)
    throw new ManifestRefused('the manifest’s content is not in its form', { cause: read.error });
  return read.data;
}

function parsed(text: string): BackupManifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ManifestRefused('this is no manifest', { cause: error });
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new ManifestRefused('this is no manifest', { cause: error });
  }
}

function signedText(told: Omit<BackupManifest, 'signature'>): Buffer {
  return Buffer.from(domain + canonicalJson(told as unknown as Json));
}
