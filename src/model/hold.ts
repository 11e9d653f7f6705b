import type { ActionRequest } from './action-request.ts';
import type { Friction } from './decision.ts';
import { type Digest, digestOf } from './digest.ts';

/**
 * A fact about what would be hit, measured or looked up by us. `tone` says how it is shown; `source` where it comes from.
 */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly tone: 'plain' | 'warning' | 'danger';
  readonly source: 'measured' | 'provider' | 'estimated' | 'holdpoint';
}

export type HoldState =
  | 'waiting'
  | 'approved'
  | 'scheduled'
  | 'running'
  | 'done'
  | 'failed'
  | 'unknown'
  | 'denied'
  | 'withdrawn'
  | 'expired'
  | 'cancelled';

/** States in which nothing will be sent any more. An `unknown` outcome may still be found out. */
export const endedHoldStates: readonly HoldState[] = [
  'done',
  'failed',
  'unknown',
  'denied',
  'withdrawn',
  'expired',
  'cancelled',
];

/** The waiting action. Outlives the connection that asked. Times are ISO 8601 in UTC. */
export interface Hold {
  /** `hp_…`, whole. */
  readonly id: string;
  /** What people see and type: `hp_` and six Crockford characters, unique among open holds. */
  readonly code: string;
  /** A question asks a human what to do about a refusal; nothing runs from it, and there is nothing to sign. */
  readonly kind?: 'question';
  readonly digest: Digest;
  readonly request: ActionRequest;
  readonly state: HoldState;
  readonly friction: Friction;
  readonly reasons: readonly string[];
  readonly rules: readonly string[];
  readonly facts: readonly Fact[];
  /** What a signer must type where friction asks for it: a resource's name or a row count. Never a constant word. */
  readonly varyingFact: string;
  /** How an approved one may be run: provider deletes wait, by default. */
  readonly defaultMode: ApprovalMode;
  /** What undoes it, in a sentence; `none` said plainly. */
  readonly undo: string;
  /** The agent's own words, shown once, quoted and marked unverified; at most 280 characters. */
  readonly agentSays?: string;
  /** What the agent's token was made for. */
  readonly tokenPurpose: string;
  readonly tier: string;
  /** When `doctor --attack` proved that tier; absent where it is only what the daemon was started as. */
  readonly tierProvedAt?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** When a scheduled one fires, and until when it may. */
  readonly schedule?: { readonly notBefore: string; readonly notAfter: string };
  /** How often the same thing was asked while it waited. */
  readonly asked: number;
}

export type ApprovalMode = 'now' | 'delayed';

/** What a signer signs: this, as canonical JSON under the domain `holdpoint/approval/v1`. */
export interface ApprovalStatement {
  readonly digest: Digest;
  readonly hold: string;
  readonly verdict: 'approve' | 'deny';
  readonly mode: ApprovalMode;
  /** The approval may be used from then until then. For `delayed`: the window in which it may fire. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** The varying fact as the signer typed it; empty where none was asked for. */
  readonly typed: string;
  /** Signer id, `sg_…`. */
  readonly signer: string;
  /** 128 random bits, base64url; used once. */
  readonly number: string;
  readonly signedAt: string;
  /** For a denial: what the human says to the agent. */
  readonly note?: string;
}

/** A named human's signature over one digest. */
export interface Approval {
  readonly statement: ApprovalStatement;
  /** Ed25519 over the statement's digest, base64url. */
  readonly signature: string;
}

/** Domain under which an ApprovalStatement is digested for signing. */
export const approvalDomain = 'holdpoint/approval/v1';

/** Digest that a signer signs for a verdict on a hold. */
export function approvalDigest(statement: ApprovalStatement): Digest {
  return digestOf(approvalDomain, { ...statement });
}
