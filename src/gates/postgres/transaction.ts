import { ProvedReads, type Ready } from './again.ts';
import { refusalFrame, errorFrame } from './says.ts';
import type { TransactionParts } from './transaction-parts.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { RoundEnd } from '../../contract/postgres/session.ts';
import type { Reading } from '../../contract/provider.ts';
import type { Asked, Outcome } from '../../contract/road.ts';
import type { Statement, TransactionModes } from '../../languages/sql/statement.ts';
import { type PostgresMessage, postgresAnswer, postgresMessage } from '../../model/postgres-message.ts';
import { refuse, Refused } from '../../model/refusal.ts';

/** How a statement, or the end of a transaction, came out. `words` are for the client, if it has not seen any yet. */
export type Ran =
  | { readonly kind: 'done'; readonly tag: string }
  /** The server said no. `words` are for a client that has not seen it: what failed was of the gate's own. */
  | { readonly kind: 'failed'; readonly words?: Frame }
  | { readonly kind: 'refused'; readonly words: Frame };

/** Statements whose effect is not in the transaction's id: they get theirs within the COMMIT, or outlive it. */
const written: ReadonlySet<string> = new Set(['NotifyStmt', 'DeclareCursorStmt', 'LockStmt']);

/**
 * The transaction's frame, which the gate owns: nobody else says BEGIN, COMMIT or ROLLBACK to the server. A statement
 * that could change anything runs inside one, and its COMMIT takes the whole road.
 */
export class Transaction {
  /** Nobody's, ours round what the client wants done at once, or the client's own. */
  owner: 'nobody' | 'gate' | 'client' = 'nobody';
  /** Settings that are off what the session began with. */
  readonly settings = new Map<string, string>();
  /** What SET SESSION CHARACTERISTICS says of the client's transactions. */
  defaults: TransactionModes = {};
  /** How the client's own was begun. */
  modes: TransactionModes = {};
  /** Something was said in it since. */
  touched = false;
  #settingsBefore: ReadonlyMap<string, string> = new Map();
  /** The server works on what the client itself asked for: its cancel may reach it. */
  running = false;
  /** Nobody knows where the line stands. */
  lost = false;
  #mustBeJudged = false;
  readonly #parts: TransactionParts;
  readonly #proved: ProvedReads;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
    this.#proved = new ProvedReads(parts);
  }

  /** A setting that what is judged and run later depends on; what only names or hushes the client does not count. */
  follow(name: string, value: string): void {
    if (name !== 'application_name' && name !== 'client_min_messages') this.settings.set(name, value);
  }

  /** The server says that it failed: nothing but its end is heard. */
  get failed(): boolean {
    return this.owner !== 'nobody' && this.#parts.session.status === 'E';
  }

  /** Opens one READ WRITE, unless the client asked for less. */
  async begin(owner: 'gate' | 'client', modes: TransactionModes = {}): Promise<Ran> {
    const { session, target, gate } = this.#parts;
    // What the client ran before in this round is over: a transaction's kind is settled before its first statement.
    await session.sync();
    const settings = this.settings.size === 0 ? {} : { settings: Object.fromEntries(this.settings) };
    this.modes = owner === 'client' ? { ...this.defaults, ...modes } : {};
    this.touched = false;
    const message: PostgresMessage = { ...postgresMessage(target, 'begin', beginText(this.modes)), ...settings };
    const ran = this.#outcome(await this.#mediate(message, gate.provider.readInside(message)));
    if (ran.kind !== 'done') {
      if (session.status !== 'I') await this.#takeBack();
      return ran;
    }
    this.owner = owner;
    this.#mustBeJudged = false;
    this.#settingsBefore = new Map(this.settings);
    return ran;
  }

  /**
   * One statement of the client's, said by its own frames. Outside a transaction it is a likely read, or an act of its
   * own: its BEGIN and COMMIT are the Plan's.
   */
  async run(said: PostgresMessage, frames: readonly Frame[], statement: Statement): Promise<Ran> {
    const { session, gate } = this.#parts;
    const alone = this.owner === 'nobody';
    this.#proved.before(statement);
    // A likely read goes by itself; whatever has a BEGIN of its own begins before anything else of this round is heard.
    const message = alone ? this.#underSettings(said) : said;
    const reading = alone ? gate.provider.read(message) : gate.provider.readInside(message);
    if (alone && reading.plan.steps.length > 1) await session.sync();
    if (written.has(statement.kind) || notifies(statement)) this.#mustBeJudged = true;
    session.stage(message, frames);
    this.touched = true;
    this.running = true;
    try {
      const since = performance.now();
      const proved = this.#proved.like(reading);
      const ran = this.#outcome(await this.#mediate(message, reading, proved), false, reading.plan.steps.length > 1);
      if (ran.kind === 'done' && proved === undefined) this.#proved.keep(message, reading, alone, since);
      return ran;
    } finally {
      this.running = false;
      session.unstage();
      if (alone) await this.#settleAlone();
    }
  }

  /** Whether it would be an act of its own outside a transaction, with a BEGIN and a COMMIT of its own. */
  acts(said: PostgresMessage): boolean {
    try {
      return this.#parts.gate.provider.read(said).plan.steps.length > 1;
    } catch (thrown) {
      // Nothing of it runs: where it is run, it is refused by the same words.
      if (thrown instanceof Refused) return false;
      throw thrown;
    }
  }

  /** The right to say at once what was proved to be a read a moment ago; undefined where `run` has to be asked. */
  ready(said: PostgresMessage): Ready | undefined {
    return this.owner === 'nobody' ? this.#proved.ready(this.#underSettings(said)) : undefined;
  }

  /** The client's whole round. `words` are for it, where it has not seen how it ended. */
  async again(ready: Ready, frames: readonly Frame[]): Promise<RoundEnd & { readonly words?: Frame }> {
    this.touched = true;
    this.running = true;
    try {
      return await this.#proved.send(ready, frames);
    } finally {
      this.running = false;
    }
  }

  /** The server reports another setting than before. */
  settingChanged(): void {
    this.#proved.forget();
  }

  #underSettings(said: PostgresMessage): PostgresMessage {
    return this.settings.size === 0 ? said : { ...said, settings: Object.fromEntries(this.settings) };
  }

  /** Of an act of its own nothing may be left open. */
  async #settleAlone(): Promise<void> {
    const { session } = this.#parts;
    if (session.lease.ran.length > 0 || session.status !== 'I') await this.#takeBack();
  }

  /** A statement is only to be prepared: whether nothing runs by that alone. Throws `Refused` where something may. */
  async mayParse(said: PostgresMessage): Promise<void> {
    const { gate } = this.#parts;
    const message: PostgresMessage = { ...said, act: 'parse' };
    const reading = this.owner === 'nobody' ? gate.provider.read(message) : gate.provider.readInside(message);
    const outcome = await this.#mediate(message, reading);
    if (outcome.kind === 'refused') throw new Refused(outcome.refusal);
  }

  /** An Execute that goes on where its portal, which said this, stopped. Throws `Refused` where it may not any more. */
  async more(said: PostgresMessage, execute: Frame): Promise<void> {
    const { gate } = this.#parts;
    const reading = this.owner === 'nobody' ? gate.provider.read(said) : gate.provider.readInside(said);
    const refusal =
      gate.road.goOn === undefined
        ? refuse('DENIED', 'nobody can say whether this may go on').refusal
        : await gate.road.goOn(this.#asked(said, reading));
    if (refusal !== undefined) throw new Refused(refusal);
    this.running = true;
    try {
      await this.#parts.session.more(execute);
    } finally {
      this.running = false;
    }
  }

  /** Judged on what was really done. Whatever is not proved to have been committed is said as such. */
  async commit(): Promise<Ran> {
    const { session, gate, target } = this.#parts;
    if (this.failed || session.skipping) {
      await this.rollback();
      return { kind: 'done', tag: 'ROLLBACK' };
    }
    const tag = this.#mustBeJudged ? undefined : await session.commitUnwritten();
    if (tag !== undefined) {
      this.owner = 'nobody';
      return { kind: 'done', tag };
    }
    const message = postgresMessage(target, 'commit', 'COMMIT');
    const steps = [...session.lease.ran, message];
    const reading = gate.provider.readPlan({ steps, effect: steps.length - 1 });
    const ran = this.#outcome(await this.#mediate(message, reading), true);
    if (ran.kind === 'done' && ran.tag === 'COMMIT') this.owner = 'nobody';
    else await this.rollback();
    return ran;
  }

  /** Takes back what ran. */
  async rollback(): Promise<void> {
    this.owner = 'nobody';
    // With the transaction go the names that it made.
    this.#proved.forget();
    this.settings.clear();
    for (const [name, value] of this.#settingsBefore) this.settings.set(name, value);
    await this.#takeBack();
  }

  /** Where the line is gone the server takes it back by itself; nothing more is said on it then. */
  async #takeBack(): Promise<void> {
    try {
      await this.#parts.session.lease.rollback();
    } catch {
      this.lost = true;
    }
  }

  #mediate(message: PostgresMessage, reading: Reading, proved?: Reading): Promise<Outcome> {
    return this.#parts.gate.road.mediate(this.#asked(message, reading, proved));
  }

  #asked(message: PostgresMessage, reading: Reading, proved?: Reading): Asked {
    const { gate, bearer, session } = this.#parts;
    return {
      gate: 'postgres',
      bearer,
      provider: gate.provider,
      message,
      reading,
      ...(proved === undefined ? {} : { proved }),
      settings: { role: session.identity.role, ...Object.fromEntries(this.settings) },
      lease: session.lease,
    };
  }

  /** `ofCommit`: it is the end of a transaction. `committed`: the answer is that to the COMMIT of an act of its own. */
  #outcome(outcome: Outcome, ofCommit = false, committed = ofCommit): Ran {
    if (outcome.kind === 'refused') {
      // The server's own error has been shown already; that the road went no further says nothing more.
      const { skipping, status } = this.#parts.session;
      const shown = (skipping || status === 'E') && outcome.refusal.code === 'BAD_REQUEST';
      return { kind: shown ? 'failed' : 'refused', words: refusalFrame(outcome.refusal) };
    }
    const { tag, error } = postgresAnswer(outcome.answer);
    // As a rule because a statement failed, whose error the client has seen.
    if (error === undefined && committed && !ofCommit && tag === 'ROLLBACK')
      return { kind: 'failed', words: errorFrame('40000', 'the server took the statement back') };
    if (error === undefined) return { kind: 'done', tag };
    // Of a COMMIT the client has seen nothing: that one was ours.
    return { kind: committed ? 'refused' : 'failed', words: errorFrame(error.code, error.message) };
  }
}

function notifies({ names }: Statement): boolean {
  return names.functions.some((one) => one.path.at(-1) === 'pg_notify');
}

const isolations: ReadonlySet<string> = new Set([
  'serializable',
  'repeatable read',
  'read committed',
  'read uncommitted',
]);

/** BEGIN in our own words, with what the client asked for. */
export function beginText(modes: TransactionModes): string {
  const isolation = modes.isolation?.toLowerCase();
  const parts = ['BEGIN', modes.readOnly === true ? 'READ ONLY' : 'READ WRITE'];
  if (isolation !== undefined && isolations.has(isolation)) parts.push(`ISOLATION LEVEL ${isolation.toUpperCase()}`);
  if (modes.deferrable !== undefined) parts.push(modes.deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE');
  return parts.join(' ');
}
