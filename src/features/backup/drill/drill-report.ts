import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, frozen, type Json } from '../../../model/json.ts';

const milliseconds = z.number().nonnegative();
const time = z.iso.datetime({ precision: 3 });

const reportSchema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^dr_[A-Za-z0-9_]{1,60}$/),
  /** The backup's name in `holdpoint.yaml`. */
  name: z.string().min(1).max(100),
  /** `bk_…`; absent where none was found. */
  backup: z.string().optional(),
  /** The store that it came from. */
  store: z.string(),
  /** Everything came back, and everything that was looked at is as it should be. */
  good: z.boolean(),
  /** When it ended. */
  at: time,
  startedAt: time,
  /** What makes it no good, worst first. */
  problems: z.array(z.string()),
  /** What could not be looked at, and so is not said to be good. */
  notes: z.array(z.string()),
  /** From nothing to a server that answers. Absent where none came up. */
  rto: milliseconds.optional(),
  /** At most this much was lost, had the server gone when the drill began: a server at rest has nothing newer to lose. */
  rpo: milliseconds.optional(),
  /** By the server's clock. */
  lastCommit: time.optional(),
  /** First byte of the log that was not replayed. */
  replayed: z.string().optional(),
  took: z.partialRecord(z.enum(['files', 'log', 'replay', 'check']), milliseconds).optional(),
  /** `server_version_num` of the copied server, and the version that it was restored with. */
  version: z.int().optional(),
  restoredWith: z.string().optional(),
  tables: z.array(
    z.strictObject({
      database: z.string(),
      schema: z.string(),
      name: z.string(),
      rows: z.string(),
      /** Of all rows whatever their order; not a proof against who makes rows on purpose. */
      digest: z.string(),
    }),
  ),
  checked: z.strictObject({
    indexes: z.int().nonnegative(),
    heaps: z.int().nonnegative(),
    constraints: z.int().nonnegative(),
    assertions: z.int().nonnegative(),
  }),
});

/** What one rehearsal of a restore found. Times in milliseconds. */
export type DrillReport = z.infer<typeof reportSchema>;

/** As the runner hands it over: the daemon believes no other. */
export interface SignedDrill {
  readonly report: DrillReport;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** It is no report, or not this runner's. */
export class DrillRefused extends Error {
  override readonly name = 'DrillRefused';
}

const domain = 'holdpoint/drill/v1\0';

/** `runner`: the drill runner's private Ed25519 key, which the daemon does not have. */
export function signDrill(report: DrillReport, runner: KeyObject): SignedDrill {
  const read = reportSchema.parse(report);
  return Object.freeze({ report: frozen(read), signature: sign(null, signedText(read), runner).toString('base64url') });
}

/** Throws `DrillRefused` unless it is a report, and signed by the holder of `publicKey`. */
export function readDrill(value: unknown, publicKey: KeyObject): DrillReport {
  const read = z.strictObject({ report: reportSchema, signature: z.string() }).safeParse(value);
  if (!read.success) throw new DrillRefused('this is no report of a drill', { cause: read.error });
  const { report, signature } = read.data;
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature || !verify(null, signedText(report), publicKey, bytes))
    throw new DrillRefused('the report is not signed by this backup’s drill runner');
  // One that says of itself that it is good, and names what is not.
  if (report.good && (report.problems.length > 0 || report.rto === undefined || report.backup === undefined))
    throw new DrillRefused('the report contradicts itself');
  return frozen(report);
}

/** A runner's public key as `holdpoint.yaml` has it: 32 bytes, base64url. Throws TypeError. */
export function runnerKey(text: string): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: text } });
}

function signedText(report: DrillReport): Buffer {
  return Buffer.from(domain + canonicalJson(report as unknown as Json));
}
