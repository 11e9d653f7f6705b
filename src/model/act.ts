import { type Digest, digestOf } from './digest.ts';
import type { JsonObject } from './json.ts';

/** Acts on Holdpoint itself that widen what is possible; each is signed over exactly what it does. */
export const actKinds = [
  'token-create',
  'vault-add',
  'vault-remove',
  'vault-rotate',
  'move-back',
  'apply',
  'signer-add',
  'signer-remove',
  'thaw',
  'unlock',
  'undo-purge',
  'clock-confirm',
] as const;

export type ActKind = (typeof actKinds)[number];

/** What is signed, as canonical JSON under the domain `holdpoint/act/v1`. Secrets appear in it as their SHA-256 only. */
export interface ActStatement {
  readonly kind: ActKind;
  readonly body: JsonObject;
  /** Signer id, `sg_…`. */
  readonly signer: string;
  readonly signedAt: string;
  /** 128 random bits, base64url; used once. */
  readonly number: string;
}

export interface SignedAct {
  readonly statement: ActStatement;
  /** Ed25519 over the statement's digest, its 64 hex characters, base64url. */
  readonly signature: string;
}

/** Digest that a signer signs for an act. */
export function actDigest(statement: ActStatement): Digest {
  return digestOf('holdpoint/act/v1', { ...statement });
}
