import type { SignedIn } from './sign-in.ts';
import { executeOf, namedIn, parseOf, type Prepared, proveRound, proveSame } from './staged.ts';
import { identityFrom, identityQuestion } from './identity.ts';
import { type OwnResult, reserved, ServerSaidNo, Skipped, Wire, type WireClient } from './wire.ts';
import { type Frame, isPermission, terminateFrame } from '../../contract/postgres/frames.ts';
import type { PostgresSession, RoundEnd, ServerIdentity, Status } from '../../contract/postgres/session.ts';
import { type Answer, type Line, LineBroken } from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';
import type { PostgresAnswer, PostgresMessage } from '../../model/postgres-message.ts';

/** The rows of a statement that nobody streams: a hold's plan that is run by itself. They are not kept. */
const mostCommands = 10_000;
/** Name of the savepoint behind which a rehearsal runs. */
const rehearsal = `${reserved}rehearsal`;

/**
 * A connection on which transactions run: each message of a Plan by `send`, the client's own frames where they were
 * staged. Everything that the client sees is the server's own, in the server's order.
 */
export class PostgresLine implements Line, Omit<PostgresSession, 'lease' | 'commitUnwritten' | 'round'> {
  readonly #wire: Wire;
  readonly #reported: Map<string, string>;
  readonly #cancel: () => Promise<void>;
  readonly #client: WireClient;
  readonly #prepared = new Map<string, Prepared>();
  /** Portals that were bound under a clearance in this transaction. */
  readonly #cleared = new Set<string>();
  #identity: ServerIdentity | undefined;
  #staged: { readonly message: PostgresMessage; readonly frames: readonly Frame[] } | undefined;
  #copying = false;
  /** Frames of the client went out since the last Sync: outside a transaction the server has opened one for them. */
  #touched = false;
  #inTransaction = false;
  /** Settings that a rehearsal changes are back when it ends: nobody else hears of them. */
  #rehearsing = false;

  constructor(signedIn: SignedIn, client: WireClient, cancel: () => Promise<void>) {
    this.#reported = new Map(signedIn.reported);
    this.#cancel = cancel;
    this.#client = client;
    this.#wire = new Wire(signedIn.socket, signedIn.framer, {
      take: (reply) => {
        if (reply.type === 'S' && this.#rehearsing) return;
        if (reply.type === 'S') this.#report(reply);
        client.take(reply);
      },
      gone: () => client.gone(),
    });
  }

  /** Asks the server who it is. Throws `NotTheServer`, `NotPinned`. */
  async introduce(): Promise<this> {
    this.#identity = identityFrom(await this.#own(identityQuestion));
    return this;
  }

  /** Settings that a pooler does not take in the start-up packet. */
  async pin(settings: ReadonlyMap<string, string>): Promise<void> {
    for (const [name, value] of settings)
      await this.#own('SELECT pg_catalog.set_config($1, $2, false)', [Buffer.from(name), Buffer.from(value)]);
  }

  get identity(): ServerIdentity {
    if (this.#identity === undefined) throw new Error('the server has not been asked who it is');
    return this.#identity;
  }

  get reported(): ReadonlyMap<string, string> {
    return this.#reported;
  }

  get status(): Status {
    return this.#wire.status;
  }

  get skipping(): boolean {
    return this.#wire.skipping;
  }

  // ---- what runs, and is cleared

  async send(message: Message): Promise<Answer> {
    const said = message as PostgresMessage;
    if (this.#wire.broken) throw new LineBroken('no', 'the line to the server is gone');
    try {
      return { protocol: 'postgres', content: await this.#say(said) };
    } catch (thrown) {
      if (thrown instanceof ServerSaidNo) return { protocol: 'postgres', content: failed(thrown) };
      throw thrown;
    }
  }

  async #say(said: PostgresMessage): Promise<PostgresAnswer> {
    switch (said.act) {
      case 'lookup':
        return this.#own(said.text, said.values, undefined, said.heard);
      case 'begin':
        return this.#begin(said);
      case 'commit':
        return this.#commit();
      case 'alone':
        return this.#writing(said);
      case 'statement':
        return this.#statement(said);
      case 'parse':
        throw new LineBroken('no', 'what is only parsed is passed, not sent');
    }
  }

  #statement(said: PostgresMessage): Promise<PostgresAnswer> {
    return this.#staged === undefined ? this.#unseen(said) : this.#staging(said, this.#staged.frames);
  }

  /** What no transaction can hold writes for itself: only while it runs may this session. */
  async #writing(said: PostgresMessage): Promise<PostgresAnswer> {
    await this.#own('SET default_transaction_read_only TO off');
    try {
      return await this.#statement(said);
    } finally {
      if (this.#wire.skipping) await this.#wire.sync();
      await this.#own('SET default_transaction_read_only TO on').catch(() => this.#wire.destroy());
    }
  }

  /** All of it goes out together: each waits for the one before it at the server alone. */
  async #begin(said: PostgresMessage): Promise<PostgresAnswer> {
    // Counters of earlier transactions would count as this one's: flushed, they start at zero (PostgreSQL 15 and later).
    const first = this.identity.version < 150_000 ? [] : [this.#own('SELECT pg_catalog.pg_stat_force_next_flush()')];
    const begun = this.#own(said.text);
    const settings = Object.entries(said.settings ?? {}).map(([name, value]) =>
      this.#own('SELECT pg_catalog.set_config($1, $2, true)', [Buffer.from(name), Buffer.from(value)]),
    );
    const settled = await Promise.allSettled([...first, begun, ...settings]);
    if (this.#wire.status === 'I') throw new LineBroken('no', 'the server did not open a transaction');
    this.#inTransaction = true;
    this.#cleared.clear();
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    return { ...(await begun), rows: [] };
  }

  async #commit(): Promise<PostgresAnswer> {
    if (!this.#inTransaction) throw new LineBroken('no', 'there is no transaction to commit');
    this.#cleared.clear();
    try {
      return await this.#own('COMMIT');
    } catch (thrown) {
      throw this.#unproven(thrown);
    } finally {
      this.#inTransaction = false;
    }
  }

  /**
   * What a server, or a pooler before it, says as it goes away is no word on the COMMIT: only an error that the line
   * outlives was said by a server that took the transaction back.
   */
  #unproven(thrown: unknown): unknown {
    return thrown instanceof ServerSaidNo && this.#wire.broken
      ? new LineBroken('unknown', `the line to the server broke (SQLSTATE ${thrown.code})`)
      : thrown;
  }

  /** The client's own frames. It sees every reply. */
  async #staging(said: PostgresMessage, frames: readonly Frame[]): Promise<PostgresAnswer> {
    this.#staged = undefined;
    const portal = proveSame(frames, said, this.#prepared);
    if (portal !== undefined) this.#cleared.add(portal);
    this.#touched = said.how === 'extended';
    this.#copying = false;
    let tag = '';
    const watch = (reply: Frame): void => {
      if (reply.type === 'G') this.#copying = true;
      else if (reply.type === 'C') tag = tagOf(reply);
      if (reply.type === 'C' || reply.type === 'E') this.#copying = false;
    };
    const answers = frames.map((frame) =>
      frame.type === 'P'
        ? this.#parse(frame)
        : this.#wire.forward(frame, frame.type === 'B' || frame.type === 'D' ? undefined : watch),
    );
    if (said.how === 'extended') this.#wire.flush();
    await settledAll(answers);
    return { tag, rows: [] };
  }

  /** A statement of a Plan that is run by itself, later, for nobody who would look at its rows. */
  async #unseen(said: PostgresMessage): Promise<PostgresAnswer> {
    if (said.copied !== undefined) throw new LineBroken('no', 'a COPY cannot be run again by itself');
    if (said.results.length > mostCommands) throw new LineBroken('no', 'too many columns');
    const { tag } = await this.#own(said.text, said.values, { types: said.types, formats: said.formats });
    return { tag, rows: [] };
  }

  async #own(
    text: string,
    values: readonly (Uint8Array | null)[] = [],
    shape?: { readonly types: readonly number[]; readonly formats: readonly number[] },
    heard?: boolean,
  ): Promise<OwnResult> {
    const asked = this.#wire.own(text, values, shape, heard);
    // A Sync would end the transaction that the server opened for the client's own frames, and its portals with it.
    if (this.#touched && !this.#inTransaction) this.#wire.flush();
    else await this.#wire.sync().catch(() => undefined);
    return asked;
  }

  /**
   * Between a savepoint of ours and the return to it, in one round: what fails there leaves a transaction that can do nothing
   * else but return.
   */
  async rehearse(messages: readonly Message[]): Promise<readonly Answer[]> {
    if (!this.#inTransaction || this.#wire.status !== 'T' || this.#wire.skipping || this.#staged !== undefined)
      throw new LineBroken('no', 'there is no transaction in which anything could be rehearsed');
    const said = messages.map((one) => one as PostgresMessage);
    if (said.some(({ act, copied }) => (act !== 'lookup' && act !== 'statement') || copied !== undefined))
      throw new LineBroken('no', 'only statements and look-ups are rehearsed');
    this.#rehearsing = true;
    try {
      const open = this.#wire.own(`SAVEPOINT ${rehearsal}`);
      const asked = said.map(({ act, text, values, types, formats }) =>
        act === 'lookup' ? this.#wire.own(text, values) : this.#wire.own(text, values, { types, formats }),
      );
      const back = this.#takeBackRehearsed();
      await this.#wire.sync();
      const [, ...settled] = await Promise.allSettled([open, ...asked]);
      if (!(await back)) {
        const again = this.#takeBackRehearsed();
        await this.#wire.sync();
        if (!(await again)) throw new LineBroken('unknown', 'what was rehearsed could not be taken back');
      }
      if ((this.#wire.status as Status) !== 'T') throw new LineBroken('unknown', 'the transaction ended meanwhile');
      return answersOf(settled);
    } catch (thrown) {
      // Nothing of it may ever be committed: with the line goes the transaction.
      this.#wire.destroy();
      throw thrown;
    } finally {
      this.#rehearsing = false;
    }
  }

  /** Whether the server did so. */
  async #takeBackRehearsed(): Promise<boolean> {
    const back = [`ROLLBACK TO SAVEPOINT ${rehearsal}`, `RELEASE SAVEPOINT ${rehearsal}`];
    const settled = await Promise.allSettled(back.map((text) => this.#wire.own(text)));
    return settled.every((one) => one.status === 'fulfilled');
  }

  async rollback(): Promise<void> {
    this.#staged = undefined;
    if (this.#wire.broken) return;
    if (this.#wire.skipping) await this.#wire.sync();
    if (this.#inTransaction || this.#wire.status !== 'I') {
      this.#inTransaction = true;
      await this.#own('ROLLBACK');
    }
    this.#inTransaction = false;
    this.#cleared.clear();
    if (this.#wire.status !== 'I') this.#wire.destroy();
  }

  async close(): Promise<void> {
    // The server rolls back what is open when the line ends; one that hangs is cut.
    this.#wire.end(terminateFrame.bytes);
  }

  /**
   * A client's whole round that reads what `said` says, on a line where nothing is under way. Its replies go to the client as
   * bytes.
   */
  async round(said: PostgresMessage, frames: readonly Frame[]): Promise<RoundEnd> {
    if (!this.quiet) throw new LineBroken('no', 'something is under way on the line to the server');
    if (said.act !== 'statement') throw new LineBroken('no', 'a round holds a statement of the client’s');
    const parsed = proveRound(frames, said, this.#prepared);
    if (parsed !== undefined) this.#prepared.delete('');
    let refused: PostgresAnswer | undefined;
    const end = await this.#wire.round(frames, {
      bytes: (part) => this.#client.flow?.(part),
      setting: (reply) => this.#report(reply),
      shows: (error) => {
        if (!isPermission(error)) return true;
        refused = failed(new ServerSaidNo({ type: 'E', bytes: Buffer.from(error.bytes) }));
        return false;
      },
    });
    if (parsed !== undefined && end.parsed) this.#prepared.set('', parsed);
    return refused === undefined ? { parsed: end.parsed } : { parsed: end.parsed, refused };
  }

  /** Nothing is open, awaited, or said since the last Sync. */
  get quiet(): boolean {
    return this.#wire.quiet && !this.#inTransaction && !this.#touched && this.#staged === undefined;
  }

  // ---- what neither runs nor ends anything

  stage(message: PostgresMessage, frames: readonly Frame[]): void {
    this.#staged = { message, frames };
  }

  unstage(): void {
    this.#staged = undefined;
  }

  async pass(frame: Frame): Promise<boolean> {
    if (!'PDC'.includes(frame.type))
      throw new TypeError(`a message of type ${frame.type} does not pass without a clearance`);
    this.#touched = true;
    try {
      if (frame.type === 'P') await this.#parse(frame);
      else await this.#named(frame);
      return true;
    } catch (thrown) {
      if (thrown instanceof ServerSaidNo || thrown instanceof Skipped) return false;
      throw thrown;
    }
  }

  isPrepared(name: string): boolean {
    return this.#prepared.has(name);
  }

  async more(frame: Frame): Promise<void> {
    if (!this.#cleared.has(executeOf(frame).portal)) throw new TypeError('the portal was not cleared');
    const answer = this.#wire.forward(frame);
    this.#wire.flush();
    await answer.catch((thrown: unknown) => {
      if (!(thrown instanceof ServerSaidNo)) throw thrown;
    });
  }

  copy(frame: Frame): void {
    // What comes when the COPY has failed already, the server drops as well.
    if (!this.#copying) return;
    if (!'dcf'.includes(frame.type)) throw new TypeError('no message of a COPY');
    this.#wire.write(frame.bytes);
    if (frame.type !== 'd' && this.#touched) this.#wire.flush();
  }

  get copying(): boolean {
    return this.#copying;
  }

  async fail(): Promise<void> {
    this.#wire.fail();
    await this.#wire.sync();
  }

  flush(): void {
    this.#wire.flush();
  }

  async sync(): Promise<Status> {
    const status = await this.#wire.sync();
    this.#touched = false;
    if (!this.#inTransaction) this.#cleared.clear();
    return status;
  }

  /** An id is given to a transaction with its first write; NOTIFY gets its own only within the COMMIT. */
  async commitUnwritten(): Promise<string | undefined> {
    if (!this.#inTransaction || this.#wire.skipping || this.#wire.status !== 'T') return undefined;
    const { rows } = await this.#own('SELECT pg_catalog.pg_current_xact_id_if_assigned()::text');
    if (rows.length !== 1 || rows[0]?.[0] !== null) return undefined;
    return (await this.#commit()).tag;
  }

  cancel(): Promise<void> {
    return this.#cancel();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  /** The name stands for the text once the server has taken it. */
  async #parse(frame: Frame): Promise<void> {
    const parsed = parseOf(frame);
    // A failed Parse leaves no unnamed statement behind.
    if (parsed.name === '') this.#prepared.delete('');
    await this.#wire.forward(frame);
    this.#prepared.set(parsed.name, parsed);
  }

  async #named(frame: Frame): Promise<void> {
    const { kind, name } = namedIn(frame);
    if (frame.type === 'C' && kind === 'S') this.#prepared.delete(name);
    else if (frame.type === 'C') this.#cleared.delete(name);
    await this.#wire.forward(frame);
  }

  #report(reply: Frame): void {
    const [name = '', value = ''] = reply.bytes.toString('utf8', 5).split('\0');
    this.#reported.set(name, value);
  }
}

/** Waits for all; throws what the server said no to, before what was only skipped because of it. */
async function settledAll(answers: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(answers);
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  const broken = reasons.find((one) => one instanceof LineBroken) ?? reasons.find((one) => one instanceof ServerSaidNo);
  if (broken !== undefined) throw broken;
  if (reasons[0] !== undefined) throw reasons[0];
}

/** Up to the first that the server refused; what came behind that it never looked at. */
function answersOf(settled: readonly PromiseSettledResult<OwnResult>[]): readonly Answer[] {
  const answers: Answer[] = [];
  for (const one of settled) {
    if (one.status === 'fulfilled') {
      answers.push({ protocol: 'postgres', content: one.value });
      continue;
    }
    if (!(one.reason instanceof ServerSaidNo)) throw one.reason;
    answers.push({ protocol: 'postgres', content: failed(one.reason) });
    break;
  }
  return answers;
}

function failed(no: ServerSaidNo): PostgresAnswer {
  const { code, message, detail } = no;
  return { tag: '', rows: [], error: detail === undefined ? { code, message } : { code, message, detail } };
}

function tagOf(complete: Frame): string {
  return complete.bytes.toString('utf8', 5, complete.bytes.length - 1);
}
