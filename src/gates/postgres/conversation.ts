import type { Ready } from './again.ts';
import { Extended } from './extended.ts';
import type { Behind, Front } from './front.ts';
import { defaultLimits, type PostgresGateParts, type PostgresLimits } from './parts.ts';
import { Replies } from './replies.ts';
import { errorFrame, refusalFrame, syntaxFrame } from './says.ts';
import { simpleQuery } from './simple.ts';
import { type StartUp, startUpOf } from './start-up.ts';
import { queryText } from './statements.ts';
import type { PreparedNames, Talk } from './talk.ts';
import { type Ran, Transaction } from './transaction.ts';
import { cstring, frame, type Frame, int32 } from '../../contract/postgres/frames.ts';
import type { PostgresSession } from '../../contract/postgres/session.ts';
import type { Peer } from '../../contract/road.ts';
import { SyntaxComplaint } from '../../languages/sql/index.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import type { TextSettings } from '../../languages/sql/text-settings.ts';
import { postgresMessage, type PostgresTarget } from '../../model/postgres-message.ts';
import { refuse, Refused } from '../../model/refusal.ts';

/** Everything that one client's cancel requests are told apart by. */
export interface Cancels {
  add(conversation: Conversation, pid: number, minor: number): Frame;
  remove(conversation: Conversation): void;
  cancel(key: string): void;
}

/** One client, from its start-up packet to its end. */
export class Conversation implements Behind, Talk {
  readonly limits: PostgresLimits;
  readonly #parts: PostgresGateParts;
  readonly #peer: Promise<Peer>;
  readonly #cancels: Cancels;
  #front: Front | undefined;
  #asked: StartUp | undefined;
  #session: PostgresSession | undefined;
  #transaction: Transaction | undefined;
  #extended: Extended | undefined;
  #inQuery = false;
  readonly #replies: Replies;
  #over = false;
  #working = false;
  /** The server's end of the line is gone. */
  #lost = false;

  constructor(parts: PostgresGateParts, peer: Promise<Peer>, cancels: Cancels) {
    this.#parts = parts;
    this.#peer = peer;
    this.#cancels = cancels;
    this.limits = { ...defaultLimits, ...parts.limits };
    this.#replies = new Replies({
      say: (message) => this.say(message),
      copyBegan: () => this.#front?.copyBegan(),
      settingChanged: () => this.#transaction?.settingChanged(),
      holdsTail: () => this.#inQuery && this.#transaction?.owner !== 'client',
    });
  }

  speakThrough(front: Front): void {
    this.#front = front;
  }

  // ---- signing in

  async greet(packet: Frame): Promise<void> {
    this.#asked = startUpOf(packet);
    if (this.#asked.negotiation !== undefined) this.say(this.#asked.negotiation);
    this.#front?.askPassword();
  }

  async admit(password: string): Promise<void> {
    const asked = this.#asked;
    if (asked === undefined) throw refuse('BAD_REQUEST', 'the start-up packet is missing');
    const bearer = await this.#parts.road.identify(password, await this.#peer);
    if (bearer.principal.name !== asked.user) {
      const { refusal } = refuse(
        'BAD_TOKEN',
        'the token was made for another user',
        'use the DATABASE_URL you were given',
      );
      throw new Refused(await this.#parts.road.askAbout(refusal, { peer: await this.#peer, by: bearer }));
    }
    const client = {
      take: (reply: Frame) => this.#replies.take(reply),
      flow: (bytes: Buffer) => this.#front?.pass(bytes),
      gone: () => this.#serverGone(),
    };
    const session = await this.#parts.sessions.open(asked.database, client, { settings: asked.settings });
    // Hung up meanwhile.
    if (this.#over) return session.close();
    this.#session = session;
    this.#transaction = new Transaction({ gate: this.#parts, bearer, session, target: this.target });
    // Whoever runs a hold later runs it under the settings that its statements were judged by.
    for (const [name, value] of asked.settings) this.#transaction.follow(name, value);
    this.#extended = new Extended(this);
    this.#welcome(session);
    return undefined;
  }

  #welcome(session: PostgresSession): void {
    this.say(frame('R', int32(0)));
    for (const [name, value] of session.reported) this.say(frame('S', cstring(name), cstring(value)));
    this.say(this.#cancels.add(this, session.identity.pid, this.#asked?.minor ?? 0));
    this.#front?.opened();
    this.ready();
  }

  // ---- one message after the other

  take(message: Frame): Promise<void> | undefined {
    const working = this.#work(message);
    if (working === undefined) return undefined;
    this.#working = true;
    return working.finally(() => {
      this.#working = false;
      if (this.#lost || this.#transaction?.lost === true) this.#endLost();
    });
  }

  #work(message: Frame): Promise<void> | undefined {
    switch (message.type) {
      case 'Q':
        return this.#queryAgain(message) ?? this.#query(message);
      case 'P':
      case 'B':
      case 'D':
      case 'E':
      case 'C':
      case 'H':
      case 'S':
        return this.#opened(this.#extended).take(message);
      case 'd':
      case 'c':
      case 'f':
        // What is left of a COPY that failed; the server drops it as well.
        return undefined;
      case 'F':
        return this.#functionCall();
      default:
        throw refuse('BAD_REQUEST', `a message of type \`${message.type}\` is not understood`, 'use protocol 3');
    }
  }

  /** Refused in its place. */
  async #functionCall(): Promise<void> {
    if (!(await this.#opened(this.#extended).heard())) return;
    const { refusal } = refuse(
      'BAD_REQUEST',
      'the function-call message is not taken',
      'call the function with SELECT',
    );
    await this.refuse(refusalFrame(refusal));
    this.ready();
  }

  async #query(message: Frame): Promise<void> {
    if (!(await this.#opened(this.#extended).heard())) return;
    this.#inQuery = true;
    try {
      await simpleQuery(this, message);
    } finally {
      this.#inQuery = false;
      this.#replies.offset(0);
    }
  }

  /** A Query that was proved to be a read a moment ago goes out as it came. */
  #queryAgain(message: Frame): Promise<void> | undefined {
    if (!this.#opened(this.#extended).idle) return undefined;
    const ready = this.transaction.ready(postgresMessage(this.target, 'statement', queryText(message), 'simple'));
    return ready === undefined ? undefined : this.#whole(ready, message);
  }

  async #whole(ready: Ready, query: Frame): Promise<void> {
    await this.again(ready, [query]);
  }

  async again(ready: Ready, frames: readonly Frame[]): Promise<boolean> {
    const end = await this.transaction.again(ready, frames);
    this.#endedBy(end);
    return end.parsed;
  }

  /** The client has seen the end of the round, unless there are words for it. */
  #endedBy({ words }: { readonly words?: Frame }): void {
    if (words === undefined) return;
    this.say(words);
    this.ready();
  }

  during(message: Frame): boolean {
    if (this.#session?.copying !== true || !'dcf'.includes(message.type)) return false;
    this.#session.copy(message);
    return true;
  }

  cancel(key: string): void {
    this.#cancels.cancel(key);
  }

  /** Reaches what the client itself runs; a COMMIT that is being judged or made is not for it. */
  cancelled(): void {
    if (this.#transaction?.running === true) void this.#session?.cancel().catch(() => undefined);
  }

  slow(isSlow: boolean): void {
    if (isSlow) this.#session?.pause();
    else this.#session?.resume();
  }

  gone(): void {
    this.#over = true;
    this.#cancels.remove(this);
    this.#session?.resume();
    void this.#session?.close().catch(() => undefined);
  }

  #serverGone(): void {
    if (this.#over || this.#session === undefined) return;
    this.#lost = true;
    // Whoever waits for an outcome is told that first: it may be found out.
    if (!this.#working) this.#endLost();
  }

  #endLost(): void {
    this.#front?.end(refuse('UNAVAILABLE', 'the line to the server is lost', 'connect again').refusal);
  }

  // ---- what the two protocols need

  get session(): PostgresSession {
    return this.#opened(this.#session);
  }

  get transaction(): Transaction {
    return this.#opened(this.#transaction);
  }

  get target(): PostgresTarget {
    const { version } = this.session.identity;
    return { entry: this.#asked?.database ?? '', major: Math.floor(version / 10_000) };
  }

  say(message: Frame): void {
    this.#front?.say(message);
  }

  read(text: string): readonly Statement[] | undefined {
    try {
      return this.#parts.sql.read(text, this.#textSettings());
    } catch (thrown) {
      if (thrown instanceof SyntaxComplaint) this.#told(this.#replies.placed(syntaxFrame(thrown)));
      else if (thrown instanceof Refused) this.#told(refusalFrame(thrown.refusal));
      else throw thrown;
      return undefined;
    }
  }

  peek(text: string): readonly Statement[] | undefined {
    try {
      return this.#parts.sql.read(text, this.#textSettings());
    } catch {
      return undefined;
    }
  }

  get names(): PreparedNames {
    return this.#opened(this.#extended);
  }

  queryOf(text: string): Frame {
    return frame('Q', cstring(text));
  }

  hushed<T>(work: () => Promise<T>, types = '123tTnDCIs'): Promise<T> {
    return this.#replies.hushed(work, types);
  }

  describing(formats: readonly number[], work: () => Promise<void>): Promise<void> {
    return this.#replies.describing(formats, work);
  }

  offset(characters: number): void {
    this.#replies.offset(characters);
  }

  wentWell(ran: Ran): boolean {
    const permission = this.#replies.takePermission();
    const shown = this.#replies.errorShown;
    if (ran.kind === 'done') return true;
    // It seemed to be over when what was deferred to its end failed.
    this.#replies.dropTail();
    if (ran.kind === 'refused') this.#told(ran.words);
    else if (permission !== undefined) this.say(permission);
    else if (!shown && ran.words !== undefined) this.#told(ran.words);
    return false;
  }

  async refuse(words: Frame): Promise<void> {
    this.#told(words);
    await this.#failOpen();
  }

  async beginOwn(): Promise<boolean> {
    return this.wentWell(await this.transaction.begin('gate'));
  }

  async endOwn(well: boolean): Promise<void> {
    const { transaction } = this;
    if (transaction.owner === 'client' && !well) await this.#failOpen();
    if (transaction.owner !== 'gate') {
      this.letTailGo();
      return;
    }
    if (!well) {
      this.#replies.dropTail();
      await transaction.rollback();
      return;
    }
    const ran = await transaction.commit();
    if (ran.kind === 'done' && ran.tag === 'COMMIT') this.letTailGo();
    else if (ran.kind === 'done') this.#told(errorFrame('40000', 'the server took the statement back'));
    else this.wentWell(ran);
    this.#replies.dropTail();
  }

  letTailGo(): void {
    this.#replies.letTailGo();
  }

  ready(): void {
    this.#replies.errorShown = false;
    const { owner } = this.transaction;
    const state = owner !== 'client' ? 'I' : this.session.status === 'E' ? 'E' : 'T';
    this.say(frame('Z', Buffer.from(state)));
  }

  /** The client's transaction is a failed one from here on, at the server too. */
  async #failOpen(): Promise<void> {
    const { transaction, session } = this;
    if (transaction.owner !== 'client' || session.status === 'E' || session.skipping) return;
    await session.fail();
  }

  #told(words: Frame): void {
    this.#replies.dropTail();
    this.say(words);
  }

  #textSettings(): TextSettings {
    const { reported, identity } = this.session;
    return {
      standardConformingStrings: reported.get('standard_conforming_strings') === 'on',
      clientEncoding: reported.get('client_encoding') ?? '',
      serverMajor: Math.floor(identity.version / 10_000),
    };
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw refuse('BAD_REQUEST', 'the sign-in is not over', 'wait for ReadyForQuery');
    return part;
  }
}
