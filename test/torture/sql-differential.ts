import type { Client } from 'pg';
import { differenceOf, fullState, type FullState, smallState, type SmallState } from './sql-digest.ts';
import { forgetPrepared, LookUpLost, type Verdict, verdictOf } from './sql-judge.ts';
import { isLate, isSaid, sent, Sessions, type Went } from './sql-sessions.ts';
import { poolOf, variantOf } from './sql-variants.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Answer } from '../../src/contract/upstream.ts';
import type { Sql, Statement } from '../../src/languages/sql/index.ts';
import { Refused } from '../../src/model/refusal.ts';
import { Dice } from '../fault/journal-dice.ts';
import type { TestServer } from '../postgres/server.ts';

export interface DifferentialOptions {
  readonly server: TestServer;
  readonly database: string;
  readonly sql: Sql;
  readonly provider: Provider;
  readonly seed: number;
  /** Statements that build the world and are looked at, in order, each with where it stands; every script has a session of its own. */
  readonly statements: Iterable<{ readonly where: string; readonly text: string; readonly script?: string }>;
  /** Checks after which it ends. When the statements give out before, variants of the last world go on. */
  readonly count: number;
  /** Number of the first statement that is looked at: those before only build the world. Later ones have the variants of a whole run. */
  readonly from?: number;
  /** Variants made at once, between two digests of everything, after every so many statements. */
  readonly burst?: number;
  readonly every?: number;
  /** It ends when so many things were wrong; 20 when absent. */
  readonly mostWrong?: number;
  /** Hears of every statement that goes to the server, too: whoever hears nothing for long knows that it hangs. */
  readonly progress?: (tally: DifferentialTally) => void;
  /** Hears of each variant before it is looked at, with the number of the statement after which it is made. */
  readonly variant?: (text: string, after: number) => void;
}

/** What became of it. A check is a statement that was called a read, was then run between two digests, and had an answer in time. */
export interface DifferentialTally {
  statements: number;
  variants: number;
  checks: number;
  /** Of the checks: called a read before it ran, or by what was measured inside its transaction. */
  byForm: number;
  byMeasure: number;
  /** Of the checks: how many the server ran to the end; the others failed in it. */
  ran: number;
  /** Digests of everything that bracket all variants. */
  digests: number;
  /** Not called a read. */
  other: number;
  refused: number;
  /** Called a read, and no check: it, or a digest round it, came to no end in time, or its session was lost. */
  unproved: number;
  /** What came to no end in time, whatever it was. */
  readonly late: string[];
  readonly wrong: string[];
}

/** A statement that was called a read and has been run; `ran`: to its end, `late`: not in time, which proves nothing. */
interface Tried {
  readonly text: string;
  readonly where: string;
  readonly kind: 'read' | 'measured';
  readonly ended: 'ran' | 'failed' | 'late';
}

/** Digests of sequences, settings and the like are taken after so many checks, and around each that was measured. */
const checksPerLook = 10;

const settings = { standardConformingStrings: true, clientEncoding: 'UTF8' };

/**
 * Builds a world on a real server, statement by statement, and runs each statement that the gate's provider calls a read, and
 * generated variants of it, in a READ WRITE transaction: nothing may be different afterwards. Ends when too much is wrong.
 */
export async function differential(options: DifferentialOptions): Promise<DifferentialTally> {
  const run = new Run(options);
  try {
    await run.all();
  } finally {
    await run.close();
  }
  return run.tally;
}

class Run {
  readonly tally: DifferentialTally = {
    statements: 0,
    variants: 0,
    checks: 0,
    byForm: 0,
    byMeasure: 0,
    ran: 0,
    digests: 0,
    other: 0,
    refused: 0,
    unproved: 0,
    late: [],
    wrong: [],
  };
  readonly #options: DifferentialOptions;
  readonly #burst: number;
  readonly #every: number;
  readonly #sessions: Sessions;
  /** The state that the last look found; undefined once something ran since that is no check. */
  #small: SmallState | undefined;
  /** Checks since that look. */
  #pending: Tried[] = [];
  /** Answers of the catalogue; nothing but reads may have run since. */
  #answers = new Map<string, Answer>();
  /** The last statements that may be reads by their form. */
  #texts: string[] = [];

  constructor(options: DifferentialOptions) {
    this.#options = options;
    this.#burst = options.burst ?? 700;
    this.#every = options.every ?? 250;
    this.#sessions = new Sessions(options.server, options.database);
  }

  get #over(): boolean {
    return (
      this.tally.wrong.length >= (this.#options.mostWrong ?? 20) ||
      this.tally.checks + this.#pending.length >= this.#options.count
    );
  }

  async all(): Promise<void> {
    const { statements, from = 0 } = this.#options;
    let script: string | undefined;
    let due: number | undefined;
    for (const { where, text, script: mine } of statements) {
      if (this.#over) break;
      // Each script of the suite has a session of its own.
      if (mine !== script) {
        await this.#look();
        await this.#hangUp();
      }
      script = mine;
      const number = this.tally.statements++;
      if (number < from) await this.#plain(text, where);
      else await this.#one(text, `statement ${number} (${where})`);
      this.#remember(text);
      // By number, so that a later start has the same; where a transaction is open, as soon as it is over.
      if (number >= from && number % this.#every === this.#every - 1) due = number;
      if (due !== undefined && (await this.#idle())) {
        await this.#variants(due);
        due = undefined;
      }
    }
    for (let more = this.tally.statements; !this.#over; more++) await this.#variants(more);
    await this.#look();
  }

  #remember(text: string): void {
    if (this.#read(text)?.class !== 'read-candidate') return;
    this.#texts.push(text);
    if (this.#texts.length > 400) this.#texts = this.#texts.slice(-200);
  }

  /** A statement of the world: looked at where it may be, and run. */
  async #one(text: string, where: string): Promise<void> {
    const statement = this.#read(text);
    const candidate = statement !== undefined && !harsh(statement) && !/pg_sleep|statement_timeout/i.test(text);
    if (candidate && (await this.#idle()) && (await this.#checked(text, where))) return;
    await this.#plain(text, where);
  }

  async #plain(text: string, where: string): Promise<void> {
    await this.#look();
    this.#small = undefined;
    this.#answers.clear();
    const client = await this.#sessions.looked();
    await this.#said(client, text, where);
    if (/deallocate|discard/i.test(text)) forgetPrepared(client);
  }

  /** Whether it was called a read, and so has been run; what is not is as it was. */
  async #checked(text: string, where: string): Promise<boolean> {
    const client = await this.#sessions.looked();
    const verdict = await this.#verdict(client, text, where);
    if (verdict === undefined) return false;
    if (verdict.kind === 'measured') await this.#look();
    this.#small ??= await this.#smallState();
    if (this.#small === undefined || (await this.#said(client, 'BEGIN READ WRITE', where)).as !== 'done') {
      this.tally.unproved++;
      return false;
    }
    const went = await this.#said(client, text, where);
    if (verdict.kind === 'measured' && !(went.as === 'done' && (await this.#measured(verdict.isRead, where)))) {
      if (this.#sessions.isCurrent(client)) await this.#said(client, 'ROLLBACK', where);
      this.#small = undefined;
      this.tally.other++;
      return false;
    }
    if (went.as === 'lost') {
      this.tally.unproved++;
      return true;
    }
    if (went.as !== 'done') await this.#said(client, 'ROLLBACK', where);
    else if ((await this.#committed(client, where)) === true)
      this.tally.wrong.push(`${where}, ${verdict.kind}: a transaction id was given out: ${shown(text)}`);
    const ended = went.as === 'done' ? 'ran' : went.as;
    this.#pending.push({ text, where, kind: verdict.kind, ended });
    if (this.#pending.length >= checksPerLook || verdict.kind === 'measured') await this.#look();
    return true;
  }

  async #verdict(
    client: Client,
    text: string,
    where: string,
  ): Promise<Exclude<Verdict, { kind: 'other' }> | undefined> {
    try {
      const verdict = await verdictOf(this.#options.provider, client, text, this.#options.server.major, this.#answers);
      if (verdict.kind !== 'other') return verdict;
      this.tally.other++;
    } catch (thrown) {
      if (thrown instanceof Refused) this.tally.refused++;
      else if (thrown instanceof LookUpLost) await this.#lost(`${where}: a look-up for ${shown(text)}`);
      else throw new Error(`${where}: the provider broke on ${shown(text)}`, { cause: thrown });
    }
    return undefined;
  }

  async #measured(isRead: () => Promise<boolean>, where: string): Promise<boolean> {
    try {
      return await isRead();
    } catch (thrown) {
      if (thrown instanceof LookUpLost) await this.#lost(`${where}: a look-up inside`);
      else if (!(thrown instanceof Refused)) throw thrown;
      return false;
    }
  }

  /** Nothing may be different since the last look; where it is, each check is made again by itself to tell which it was. */
  async #look(): Promise<void> {
    const before = this.#small;
    const pending = this.#pending.splice(0);
    if (before === undefined || pending.length === 0) return;
    this.#small = await this.#smallState();
    if (this.#small === undefined) {
      this.tally.unproved += pending.length;
      return;
    }
    this.#count(pending);
    const what = smallDifference(before, this.#small);
    if (what !== undefined) await this.#blameSmall(what, pending, this.#small);
  }

  #count(pending: readonly Tried[]): void {
    for (const { kind, ended } of pending) {
      if (ended === 'late') {
        this.tally.unproved++;
        continue;
      }
      this.tally.checks++;
      if (ended === 'ran') this.tally.ran++;
      if (kind === 'read') this.tally.byForm++;
      else this.tally.byMeasure++;
    }
  }

  async #blameSmall(what: string, pending: readonly Tried[], now: SmallState): Promise<void> {
    const client = await this.#sessions.looked();
    const known = this.tally.wrong.length;
    let earlier: SmallState | undefined = now;
    for (const { text, where } of pending) {
      await this.#said(client, text, where);
      const later = await this.#smallState();
      const again = earlier && later && smallDifference(earlier, later);
      if (again !== undefined) this.tally.wrong.push(`${where}: ${again}: ${shown(text)}`);
      earlier = later;
    }
    this.#small = earlier;
    if (this.tally.wrong.length === known)
      this.tally.wrong.push(
        `${what}, by one of: ${pending.map(({ text, where }) => `${where} ${shown(text)}`).join('; ')}`,
      );
  }

  /** Many variants between two digests of everything; where these differ, they are made again to tell which it was. */
  async #variants(after: number): Promise<void> {
    await this.#look();
    const watching = await this.#sessions.watching();
    const pool = await poolOf(watching, this.#texts.slice(-200));
    const dice = new Dice(Math.imul(this.#options.seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(after + 1, 0xc2b2ae35));
    const reads: string[] = [];
    this.#answers.clear();
    const { checks, byForm, byMeasure, ran } = this.tally;
    const { restarts } = this.#sessions;
    const before = await this.#fullState();
    for (let turn = 0; turn < this.#burst && !this.#over; turn++) {
      const text = variantOf(pool, dice);
      this.#options.variant?.(text, after);
      this.tally.variants++;
      const statement = this.#read(text);
      if (statement === undefined || harsh(statement) || /pg_sleep/i.test(text)) continue;
      if (await this.#checked(text, `variant ${turn} after statement ${after}`)) reads.push(text);
    }
    await this.#look();
    const now = before && (await this.#fullState());
    if (before === undefined || now === undefined || restarts !== this.#sessions.restarts) {
      // Without a digest of everything, or round a crash of the server, they prove nothing.
      this.tally.unproved += this.tally.checks - checks;
      Object.assign(this.tally, { checks, byForm, byMeasure, ran });
      return;
    }
    this.tally.digests++;
    const different = differenceOf(before, now);
    if (different.length === 0) return;
    const known = this.tally.wrong.length;
    await this.#blame(reads, now, `after statement ${after}`);
    if (this.tally.wrong.length === known)
      this.tally.wrong.push(
        `after statement ${after}: ${different.join(', ')} changed, by no read of ${reads.length} that does so again`,
      );
  }

  /** Makes them again, in halves as long as anything is different after one, and tells which it was. The state after all of them. */
  async #blame(reads: readonly string[], before: FullState, where: string): Promise<FullState | undefined> {
    for (const text of reads) await this.#said(await this.#sessions.looked(), text, where);
    const now = await this.#fullState();
    const different = now && differenceOf(before, now);
    if (now === undefined || different === undefined || different.length === 0) return now;
    const [only] = reads;
    if (reads.length === 1 && only !== undefined) {
      this.tally.wrong.push(`${where}: ${different.join(', ')} changed: ${shown(only)}`);
      return now;
    }
    const middle = reads.length >> 1;
    const half = await this.#blame(reads.slice(0, middle), now, where);
    return half && this.#blame(reads.slice(middle), half, where);
  }

  /** Ends it, and tells whether anything was written: as soon as that is so, the transaction has an id. Undefined: nobody knows. */
  async #committed(client: Client, where: string): Promise<boolean | undefined> {
    const text = 'SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text';
    try {
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
      return rows[0]?.[0] !== null;
    } catch (thrown) {
      if (!isSaid(thrown)) await this.#lost(`${where}: its transaction id`);
      return undefined;
    } finally {
      if (this.#sessions.isCurrent(client)) await this.#said(client, 'COMMIT', where);
    }
  }

  /** One statement, or none, as far as it can be read. */
  #read(text: string): Statement | undefined {
    try {
      const [only, ...others] = this.#options.sql.read(text, { ...settings, serverMajor: this.#options.server.major });
      return others.length === 0 ? only : undefined;
    } catch (thrown) {
      if (thrown instanceof Refused) return undefined;
      throw thrown;
    }
  }

  async #said(client: Client, text: string, where: string): Promise<Went> {
    const went = await sent(client, text);
    this.#options.progress?.(this.tally);
    if (went.as === 'lost') await this.#lost(`${where}: ${shown(text)}`);
    else if (went.as === 'late') this.tally.late.push(`${where}: ${shown(text)}`);
    return went;
  }

  async #lost(what: string): Promise<void> {
    this.tally.late.push(`${what} had no answer`);
    await this.#hangUp();
  }

  async #idle(): Promise<boolean> {
    // Fails in a transaction that has failed, and where there is none.
    const client = await this.#sessions.looked();
    const went = await this.#said(client, 'SAVEPOINT holdpoint_idle', 'idle');
    if (went.as === 'failed' && went.state === '25P01') return true;
    if (went.as === 'done') await this.#said(client, 'RELEASE SAVEPOINT holdpoint_idle', 'idle');
    return false;
  }

  /** Undefined where it could not be had. */
  async #smallState(): Promise<SmallState | undefined> {
    try {
      return await smallState(await this.#sessions.looked(), await this.#sessions.watching());
    } catch (thrown) {
      await this.#unseen(thrown);
      await this.#hangUp();
      return undefined;
    }
  }

  async #fullState(): Promise<FullState | undefined> {
    try {
      return await fullState(await this.#sessions.watching());
    } catch (thrown) {
      await this.#unseen(thrown);
      return undefined;
    }
  }

  async #unseen(thrown: unknown): Promise<void> {
    this.tally.late.push(`a digest: ${String(thrown)}`);
    if (!isSaid(thrown) || !isLate(thrown)) await this.#sessions.closeWatch();
  }

  /** What has not been looked at by now proves nothing. */
  async #hangUp(): Promise<void> {
    this.tally.unproved += this.#pending.splice(0).length;
    this.#small = undefined;
    this.#answers.clear();
    await this.#sessions.hangUp();
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }
}

function smallDifference(before: SmallState, after: SmallState): string | undefined {
  if (before.session !== after.session) return 'the session is another';
  return before.server === after.server ? undefined : 'sequences, slots, counts, files or other sessions are others';
}

/**
 * Settings and frames move the session itself, and a PREPARE is never sent as such: the gate makes a Parse message of it. What no
 * transaction can hold is never a read, by its form.
 */
function harsh(statement: Statement): boolean {
  const { class: form, kind } = statement;
  return form === 'frame' || form === 'setting' || form === 'unrollable' || kind === 'PrepareStmt';
}

function shown(text: string): string {
  return `\`${text.replaceAll(/\s+/g, ' ').slice(0, 400)}\``;
}
