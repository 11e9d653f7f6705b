import { refusalFrame } from './says.ts';
import type { TransactionParts } from './transaction-parts.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { RoundEnd } from '../../contract/postgres/session.ts';
import type { Reading } from '../../contract/provider.ts';
import type { Again, AskedAgain } from '../../contract/road.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** How long (ms) a session may go by what its reads were proved to reach. What the catalogue says may be this old. */
const believedMs = 5_000;
/** Texts, and shapes of texts, that one session remembers. */
const most = 128;

/** Statements that change rows and no name: what was proved of reads stays as true as it was. */
const rowsOnly: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt']);

interface Proved {
  readonly reading: Reading;
  readonly until: number;
}

/** A read that may go out at once. */
export interface Ready {
  readonly message: PostgresMessage;
  readonly again: Again;
}

/**
 * The reads that the road proved on this session a moment ago, and how they are sent again: in the turn in which they came,
 * the client's round as it is. Forgotten as soon as the session runs anything by which a name could mean another thing.
 */
export class ProvedReads {
  readonly #parts: TransactionParts;
  /** By their text, as it was said in each protocol. */
  readonly #simple = new Map<string, Proved>();
  readonly #extended = new Map<string, Proved>();
  readonly #byLikeness = new Map<string, Proved>();

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  /** Before anything runs. */
  before({ class: form, kind }: Statement): void {
    if (form !== 'read-candidate' && !rowsOnly.has(kind)) this.forget();
  }

  forget(): void {
    this.#simple.clear();
    this.#extended.clear();
    this.#byLikeness.clear();
  }

  /**
   * It went well, outside a transaction or as a step of one. Whether it was proved, and to be what, the road remembers: what
   * holds for a step is never taken for a read outside. `since`: before it was proved, by `performance.now`.
   */
  keep(message: PostgresMessage, reading: Reading, alone: boolean, since: number): void {
    if (this.#parts.gate.road.again === undefined || reading.plan.steps.length !== 1 || reading.alike === undefined)
      return;
    const proved = { reading, until: since + believedMs };
    if (alone) put(message.how === 'simple' ? this.#simple : this.#extended, message.text, proved);
    put(this.#byLikeness, reading.alike, proved);
  }

  /** The reading that was proved here and is judged like this one, as long as it is believed. */
  like({ alike }: Reading): Reading | undefined {
    if (alike === undefined || this.#byLikeness.size === 0) return undefined;
    return live(this.#byLikeness.get(alike))?.reading;
  }

  /** The right to say this again, where all that it was proved by still stands; undefined for everything else. */
  ready(said: PostgresMessage): Ready | undefined {
    const { gate, session } = this.#parts;
    if (gate.road.again === undefined || this.#byLikeness.size === 0 || !session.quiet) return undefined;
    const known = live((said.how === 'simple' ? this.#simple : this.#extended).get(said.text));
    if (known !== undefined) {
      const reading = known.reading.again?.(said);
      if (reading !== undefined) return this.#ask(reading, known.reading);
    }
    const reading = this.#read(said);
    const like = reading === undefined ? undefined : this.like(reading);
    return reading === undefined || like === undefined ? undefined : this.#ask(reading, like);
  }

  /** Sends it. The client sees all that the server says, but for the refusal of a right: `words` are for that. */
  async send({ message, again }: Ready, frames: readonly Frame[]): Promise<RoundEnd & { readonly words?: Frame }> {
    const end = await this.#parts.session.round(message, frames, again.clearance);
    if (end.refused === undefined) return end;
    this.forget();
    const outcome = await again.refused({ protocol: 'postgres', content: end.refused });
    return outcome.kind === 'refused' ? { ...end, words: refusalFrame(outcome.refusal) } : end;
  }

  #ask(reading: Reading, proved: Reading): Ready | undefined {
    const { gate, bearer, session } = this.#parts;
    const [message] = reading.plan.steps;
    if (message === undefined) return undefined;
    const asked: AskedAgain = {
      gate: 'postgres',
      bearer,
      provider: gate.provider,
      message,
      reading,
      proved,
      lease: session.lease,
    };
    const again = gate.road.again?.(asked);
    return again === undefined ? undefined : { message: message as PostgresMessage, again };
  }

  /** Whatever cannot be read is not read here: the long way says why. */
  #read(said: PostgresMessage): Reading | undefined {
    try {
      return this.#parts.gate.provider.read(said);
    } catch {
      return undefined;
    }
  }
}

function live(proved: Proved | undefined): Proved | undefined {
  return proved !== undefined && performance.now() < proved.until ? proved : undefined;
}

function put(known: Map<string, Proved>, key: string, proved: Proved): void {
  known.delete(key);
  known.set(key, proved);
  const [oldest] = known.keys();
  if (known.size > most && oldest !== undefined) known.delete(oldest);
}
