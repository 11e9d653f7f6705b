import type { Clearance, Lease } from './lease.ts';
import type { Provider, Reading } from './provider.ts';
import type { Answer } from './upstream.ts';
import type { EntryDraft } from '../model/entry.ts';
import type { JsonObject } from '../model/json.ts';
import type { Message } from '../model/plan.ts';
import type { Principal } from '../model/principal.ts';
import type { Refusal } from '../model/refusal.ts';
import type { TokenRecord } from '../model/scope.ts';

/** Who presented which token. */
export interface Bearer {
  readonly principal: Principal;
  readonly token: TokenRecord;
}

/** Where a presented token came from, for binding it. */
export interface Peer {
  readonly address: string;
  /** OS user at the other end of a loopback connection, where it could be read. */
  readonly uid?: number;
}

/** What a gate hands to the road. */
export interface Asked {
  readonly gate: string;
  readonly bearer: Bearer;
  readonly provider: Provider;
  readonly message: Message;
  /** `provider.read(message)`, done by the gate so that it can refuse in its own tongue early. */
  readonly reading: Reading;
  /**
   * The reading that `mediate` proved on this very line, where it is the same object or one that is judged like `reading`: the gate
   * vouches that the line has run nothing since by which its names could mean another thing.
   */
  readonly proved?: Reading;
  readonly settings?: JsonObject;
  /**
   * A lease with an open transaction, from a gate that owns one. Without it the road opens its own. On a refusal the
   * gate takes back what ran on it, in the same act in which it tells the client; the road commits nothing on it then.
   */
  readonly lease?: Lease;
  /** The agent's own words. */
  readonly agentSays?: string;
  /** Whole id of the hold whose frozen Plan this is, when it is run rather than asked for again. */
  readonly running?: string;
  /** The before-image that this puts back. */
  readonly undoes?: string;
}

export type Outcome =
  /** `image`: the before-image that was secured of it, where one was. */
  | { readonly kind: 'done'; readonly answer: Answer; readonly image?: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A proved read that is asked for again, on the gate's own line. */
export interface AskedAgain extends Asked {
  readonly proved: Reading;
  readonly lease: Lease;
}

/** The right to send a proved read again, and what becomes of it when the far side refuses. */
export interface Again {
  readonly clearance: Clearance;
  /** What the far side's refusal of a right comes to, as `mediate` would have had it. Never throws. */
  refused(answer: Answer): Promise<Outcome>;
}

/** What every gate is given, and all it is given. */
export interface Road {
  /** The bearer of a presented token; throws `Refused` (`BAD_TOKEN`, `FROZEN`) otherwise. */
  identify(presented: string, peer: Peer): Promise<Bearer>;
  /** Carries one asked-for thing down the road. Never throws: what goes wrong is a Refusal. */
  mediate(asked: Asked): Promise<Outcome>;
  /**
   * In this very turn: a clearance for a read that was proved for this token on this road and is still believed, noted for the
   * journal. Undefined, and nothing was noted, where anything of that is not so: then `mediate` says what becomes of it.
   */
  again?(asked: AskedAgain): Again | undefined;
  /**
   * Whether what this road let run, and the far side stopped half-way at the client's own wish, may go on now: the refusal
   * otherwise. Never throws. Where it is absent nothing goes on.
   */
  goOn?(asked: Asked): Promise<Refusal | undefined>;
  /**
   * Asks a human about a credential that a gate refused by itself, and gives the refusal back with the hold (E3). Never
   * throws; other refusals come back as they are.
   */
  askAbout(refusal: Refusal, seen: { readonly peer: Peer; readonly by?: Bearer }): Promise<Refusal>;
  /** Journals what a gate saw and did not bring down the road: an exposed credential, a tunnelled host, a refusal. */
  note(draft: EntryDraft): Promise<void>;
}
