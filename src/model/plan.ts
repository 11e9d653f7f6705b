import type { Json, JsonObject } from './json.ts';

/**
 * One upstream message. Its shape belongs to its protocol (`HttpMessage` for `http`); whatever it is, it is digested,
 * shown, journaled and sent as it stands. The place of the credential is marked, never filled.
 */
export interface Message {
  readonly protocol: string;
  readonly [key: string]: Json | undefined;
}

/** The ordered upstream messages, with exactly one effect point. Steps before it can be taken back. */
export interface Plan {
  readonly steps: readonly Message[];
  /** Index of the step that takes effect: the only one for HTTP, the COMMIT for a transaction. It is the last. */
  readonly effect: number;
}

/** A Plan of a single message, which is its own effect. */
export function singleStep(message: Message): Plan {
  return { steps: [message], effect: 0 };
}

export type { JsonObject };
