import type { JsonObject } from '../model/json.ts';
import type { Message } from '../model/plan.ts';

/** What came back from the far side; its shape belongs to the protocol (`HttpAnswer` for `http`). */
export interface Answer {
  readonly protocol: string;
  readonly content: unknown;
}

/** A vault entry opened for one sending. Only `upstream/` ever holds one. */
export interface Credential {
  /** How it is presented: `bearer`, `project-access-token`, `password`. The upstream of the protocol knows each kind. */
  readonly kind: string;
  readonly secret: string;
}

/** Where an upstream entry really goes. */
export interface Route {
  /** Entry name. */
  readonly name: string;
  /** `https://backboard.railway.com`, or the configured other endpoint. */
  readonly address: string;
  /** PEM of extra authorities to trust for it. */
  readonly ca?: string;
  /** Private and loopback addresses are refused unless the entry is configured for one. */
  readonly allowPrivate: boolean;
}

/** How one protocol is spoken to the far side: one folder under `upstream/`. */
export interface Upstream {
  readonly protocol: string;
  open(route: Route, credential: Credential): Promise<Line>;
}

/** An open connection to the far side, or for connectionless protocols the right to make one request after another. */
export interface Line {
  /** Sends one message and waits for its whole answer. Throws `LineBroken` when the outcome cannot be known. */
  send(message: Message): Promise<Answer>;
  /**
   * Says messages in the transaction that is open, and takes back what they did before it answers; the answers end with the
   * first that failed. Throws `LineBroken` where it is not sure that all was taken back: then the line is gone, and the
   * transaction with it. Absent where no transaction is.
   */
  rehearse?(messages: readonly Message[]): Promise<readonly Answer[]>;
  /** Takes back what was sent and not committed; a no-op where each message is its own effect. */
  rollback(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The line failed. `sent` says what is proved: `no` — nothing of the message can have reached the far side;
 * `unknown` — it may have taken effect.
 */
export class LineBroken extends Error {
  readonly sent: 'no' | 'unknown';

  constructor(sent: 'no' | 'unknown', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LineBroken';
    this.sent = sent;
  }
}

export type { JsonObject };
