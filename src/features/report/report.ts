import type { Evidence, Subject } from './evidence.ts';

/** Who made a token and what for, as the journal has it. */
export interface MintedToken {
  readonly id: string;
  readonly principal: string;
  readonly kind: string;
  readonly purpose: string;
  readonly operations: readonly string[] | 'all';
  readonly presets: readonly string[];
  readonly environments: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The signature that made it; undefined for what holdpoint made for itself. */
  readonly mintedBy?: { readonly name: string; readonly signer: string; readonly at: string; readonly entry: number };
  readonly revoked?: { readonly at: string; readonly by: string };
}

/** One thing that was asked for, and what became of the asking. */
export interface Ask {
  readonly entry: number;
  readonly at: string;
  readonly principal: string;
  readonly token: string;
  readonly gate: string;
  readonly outcome: 'held' | 'question' | 'refused' | 'ran';
  readonly code: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly environments: readonly string[];
  /** Every message as it would be or was sent, the credential left out; empty where the journal has not kept it. */
  readonly exact: readonly string[];
  readonly digest: string;
  readonly hold: string;
  readonly rules: readonly string[];
  readonly reasons: readonly string[];
  /** What was proved about the installation then. */
  readonly tier: string;
}

/** A human's word on a hold. */
export interface Word {
  readonly entry: number;
  readonly at: string;
  readonly hold: string;
  readonly said: 'approved' | 'scheduled' | 'denied' | 'signed as one of two';
  readonly by: string;
  readonly signer: string;
  readonly signed: boolean;
  readonly typed: string;
  readonly note: string;
  readonly window: string;
  /** At T0 it is none. */
  readonly proofOfHuman: boolean | undefined;
}

/** Something that was sent. */
export interface Effect {
  readonly entry: number;
  readonly at: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly hold: string;
  readonly outcome: 'done' | 'failed' | 'unknown' | 'open';
  readonly settledAt: string;
  /** Before-image by which it can be taken back; empty where there is none. */
  readonly image: string;
  readonly undoneAt: string;
}

/** What was stopped or taken back. */
export interface CameBack {
  readonly entry: number;
  readonly at: string;
  readonly how: 'undone' | 'cancelled' | 'withdrawn' | 'expired';
  readonly what: string;
  readonly by: string;
  readonly notUndone: readonly string[];
  readonly conflicts: readonly string[];
}

export interface TimelineLine {
  readonly entry: number;
  readonly at: string;
  readonly kind: string;
  readonly who: string;
  readonly what: string;
}

/** How far the journal itself can be believed. */
export interface Verified {
  readonly ok: boolean;
  readonly entries: number;
  readonly signed: number;
  readonly root: string;
  readonly publicKey: string;
  /** The key came from the daemon whose journal it is: worth less than one that was kept elsewhere. */
  readonly keyFromDaemon: boolean;
  /** Checkpoints kept elsewhere that it was compared with. */
  readonly retained: number;
  readonly findings: readonly string[];
}

/** J2: what happened, from the journal alone. */
export interface IncidentReport {
  readonly schema: 'holdpoint/report/v1';
  readonly subject: Subject;
  readonly from: string;
  readonly to: string;
  readonly tiers: readonly string[];
  readonly tokens: readonly MintedToken[];
  readonly asked: readonly Ask[];
  readonly words: readonly Word[];
  readonly effects: readonly Effect[];
  readonly cameBack: readonly CameBack[];
  /** Effects that stand: done or not known, and not taken back. */
  readonly didNotComeBack: readonly Effect[];
  readonly freezes: readonly TimelineLine[];
  readonly exposures: readonly TimelineLine[];
  readonly timeline: readonly TimelineLine[];
  /** Where the journal says of itself that something may be missing. */
  readonly gaps: readonly TimelineLine[];
  /** What a reader would want to know and the journal does not say. */
  readonly notKnown: readonly string[];
  readonly journal: { readonly size: number; readonly leftOut: number; readonly verified: Verified | undefined };
}

export type { Evidence, Subject };
