import { Client, DatabaseError } from 'pg';
import { differenceOf, fullState, type FullState, smallState, type SmallState } from './sql-digest.ts';
import { forgetPrepared, type Verdict, verdictOf } from './sql-judge.ts';
import { type Pool, poolOf, variantOf } from './sql-variants.ts';
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
  /** Number of the first statement that is looked at: those before only build the world. */
  readonly from?: number;
  /** Variants made at once, between two digests of everything; so many reads are waited for. */
  readonly burst?: number;
  readonly after?: number;
  /** It ends when so many things were wrong; 20 when absent. */
  readonly mostWrong?: number;
  readonly progress?: (tally: DifferentialTally) => void;
}

/** What became of it. A check is a statement that was called a read, and was then run between two digests. */
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
  readonly wrong: string[];
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
    wrong: [],
  };
  readonly #options: DifferentialOptions;
  readonly #burst: number;
  readonly #after: number;
  #client: Client | undefined;
  #admin: Client | undefined;
  /** The state that the last look found; undefined once something ran since that is no check. */
  #small: SmallState | undefined;
  /** Checks since that look. */
  #pending: { readonly text: string; readonly where: string }[] = [];
  /** Answers of the catalogue; nothing but reads may have run since. */
  #answers = new Map<string, Answer>();
  #fresh: string[] = [];
  readonly #texts: string[] = [];
  #bursts = 0;

  constructor(options: DifferentialOptions) {
    this.#options = options;
    this.#burst = options.burst ?? 700;
    this.#after = options.after ?? 200;
  }

  get #over(): boolean {
    return this.tally.wrong.length >= (this.#options.mostWrong ?? 20) || this.tally.checks >= this.#options.count;
  }

  async all(): Promise<void> {
    const { statements, from = 0 } = this.#options;
    let script: string | undefined;
    for (const { where, text, script: mine } of statements) {
      if (this.#over) return;
      // Each script of the suite has a session of its own.
      if (mine !== script) await this.#freshSession();
      script = mine;
      const number = this.tally.statements++;
      if (number < from) await this.#plain(text);
      else await this.#one(text, `statement ${number} (${where})`);
      if (number >= from && this.#fresh.length >= this.#after) await this.#variants();
    }
    while (!this.#over) await this.#variants();
    await this.#look();
  }

  async #freshSession(): Promise<void> {
    await this.#look();
    await this.#hangUp();
  }

  /** A statement of the world: looked at where it may be, and run. */
  async #one(text: string, where: string): Promise<void> {
    const statement = this.#read(text);
    const free = await this.#idle();
    const candidate = free && statement !== undefined && !harsh(statement) && !/pg_sleep|statement_timeout/i.test(text);
    if (candidate && (await this.#checked(text, where))) {
      this.#fresh.push(text);
      return;
    }
    await this.#plain(text);
  }

  async #plain(text: string): Promise<void> {
    await this.#look();
    this.#small = undefined;
    this.#answers.clear();
    const client = await this.#session();
    await this.#said(client, text);
    if (/deallocate|discard/i.test(text)) forgetPrepared(client);
  }

  /** Whether it was called a read, and so has been run; what is not is as it was. */
  async #checked(text: string, where: string): Promise<boolean> {
    const client = await this.#session();
    const verdict = await this.#verdict(client, text, where);
    if (verdict === undefined) return false;
    if (verdict.kind === 'measured') await this.#look();
    this.#small ??= await smallState(client, await this.#watcher());
    if ((await this.#said(client, 'BEGIN READ WRITE')) !== undefined) return false;
    const failed = await this.#said(client, text);
    const read =
      verdict.kind === 'read' ||
      (failed === undefined && this.#client === client && (await measuredRead(verdict.isRead)));
    if (!read) {
      await this.#said(client, 'ROLLBACK');
      this.#small = undefined;
      this.tally.other++;
      return false;
    }
    const written = failed === undefined && (await this.#committed(client));
    if (failed !== undefined && failed !== 'lost') await this.#said(client, 'ROLLBACK');
    this.tally.checks++;
    if (failed === undefined) this.tally.ran++;
    if (verdict.kind === 'read') this.tally.byForm++;
    else this.tally.byMeasure++;
    if (written) this.tally.wrong.push(`${where}, ${verdict.kind}: a transaction id was given out: ${shown(text)}`);
    this.#pending.push({ text, where });
    if (this.#pending.length >= checksPerLook || verdict.kind === 'measured') await this.#look();
    this.#options.progress?.(this.tally);
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
      if (!(thrown instanceof Refused))
        throw new Error(`${where}: the provider broke on ${shown(text)}`, { cause: thrown });
      this.tally.refused++;
    }
    return undefined;
  }

  /** Nothing may be different since the last look; where it is, each check is made again by itself to tell which it was. */
  async #look(): Promise<void> {
    const before = this.#small;
    const pending = this.#pending.splice(0);
    if (before === undefined || pending.length === 0) return;
    const client = await this.#session();
    const admin = await this.#watcher();
    const after = await smallState(client, admin);
    this.#small = after;
    const what = smallDifference(before, after);
    if (what === undefined) return;
    const known = this.tally.wrong.length;
    let earlier = after;
    for (const { text, where } of pending) {
      await this.#said(client, text);
      const later = await smallState(client, admin);
      const again = smallDifference(earlier, later);
      if (again !== undefined) this.tally.wrong.push(`${where}: ${again}: ${shown(text)}`);
      earlier = later;
    }
    this.#small = earlier;
    if (this.tally.wrong.length === known)
      this.tally.wrong.push(
        `${what}, by one of: ${pending.map(({ text, where }) => `${where} ${shown(text)}`).join('; ')}`,
      );
  }

  /** Many variants between two digests of everything; where these differ, each again by itself. */
  async #variants(): Promise<void> {
    if (!(await this.#idle())) return;
    const admin = await this.#watcher();
    this.#texts.push(...this.#fresh);
    const pool: Pool = await poolOf(admin, this.#texts.slice(-2 * this.#after));
    this.#fresh = [];
    const burst = this.#bursts++;
    const dice = new Dice(Math.imul(this.#options.seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(burst + 1, 0xc2b2ae35));
    const reads: string[] = [];
    this.#answers.clear();
    const before = await fullState(admin);
    for (let turn = 0; turn < this.#burst && !this.#over; turn++) {
      const text = variantOf(pool, dice);
      this.tally.variants++;
      const statement = this.#read(text);
      if (statement === undefined || harsh(statement) || /pg_sleep/i.test(text)) continue;
      if (await this.#checked(text, `variant ${turn} of burst ${burst}`)) reads.push(text);
    }
    await this.#look();
    this.tally.digests++;
    await this.#compare(before, reads, burst);
  }

  async #compare(before: FullState, reads: readonly string[], burst: number): Promise<void> {
    const admin = await this.#watcher();
    let earlier = await fullState(admin);
    const different = differenceOf(before, earlier);
    if (different.length === 0) return;
    const known = this.tally.wrong.length;
    for (const text of reads) {
      await this.#said(await this.#session(), text);
      const later = await fullState(admin);
      const tables = differenceOf(earlier, later);
      if (tables.length > 0) this.tally.wrong.push(`burst ${burst}: ${tables.join(', ')} changed: ${shown(text)}`);
      earlier = later;
    }
    if (this.tally.wrong.length === known)
      this.tally.wrong.push(`burst ${burst}: ${different.join(', ')} changed, by no read that does so again`);
  }

  /** Ends it, and tells whether anything was written: as soon as that is so, the transaction has an id. */
  async #committed(client: Client): Promise<boolean> {
    const text = 'SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text';
    try {
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
      return rows[0]?.[0] !== null;
    } finally {
      await this.#said(client, 'COMMIT');
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

  /** SQLSTATE of what went wrong. */
  async #said(client: Client, text: string): Promise<string | undefined> {
    try {
      await client.query(text);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof DatabaseError && thrown.severity === 'ERROR') return thrown.code ?? '';
      await this.#hangUp();
      return 'lost';
    }
  }

  async #idle(): Promise<boolean> {
    const client = await this.#session();
    // Fails in a transaction that has failed.
    const state = await this.#said(client, 'SAVEPOINT holdpoint_idle');
    if (state === '25P01') return true;
    if (state === undefined) await this.#said(client, 'RELEASE SAVEPOINT holdpoint_idle');
    return false;
  }

  async #session(): Promise<Client> {
    if (this.#client === undefined) {
      this.#client = await this.#opened();
      this.#small = undefined;
      await this.#client.query("SET statement_timeout = '1500ms'");
    }
    return this.#client;
  }

  async #watcher(): Promise<Client> {
    if (this.#admin === undefined) {
      this.#admin = await this.#opened();
      // So that every name it tells is whole.
      await this.#admin.query("SET search_path = ''");
    }
    return this.#admin;
  }

  async #opened(): Promise<Client> {
    const { server, database } = this.#options;
    const { port, password } = server;
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async #hangUp(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#small = undefined;
    this.#answers.clear();
    this.#pending = [];
    await client?.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#hangUp();
    await this.#admin?.end().catch(() => undefined);
  }
}

function smallDifference(before: SmallState, after: SmallState): string | undefined {
  if (before.session !== after.session) return 'the session is another';
  return before.server === after.server ? undefined : 'sequences, slots, files or other sessions are others';
}

/**
 * Settings and frames move the session itself, and a PREPARE is never sent as such: the gate makes a Parse message of it. What no
 * transaction can hold is never a read, by its form.
 */
function harsh(statement: Statement): boolean {
  const { class: form, kind } = statement;
  return form === 'frame' || form === 'setting' || form === 'unrollable' || kind === 'PrepareStmt';
}

async function measuredRead(isRead: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isRead();
  } catch (thrown) {
    if (thrown instanceof Refused) return false;
    throw thrown;
  }
}

function shown(text: string): string {
  return `\`${text.replaceAll(/\s+/g, ' ').slice(0, 400)}\``;
}
