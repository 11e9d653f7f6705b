/** The relay that owns COMMIT: one `Conversation` for each client, between its socket and one upstream line. */
import { createServer } from 'node:net';
import { FLUSH, SYNC, errorResponse, parse, query, strings, type Frame, type Refusal } from './frames.ts';
import { Front, type Back } from './front.ts';
import {
  RESERVED,
  ServerError,
  Skipped,
  cancelUpstream,
  openLine,
  type Expectation,
  type Identity,
  type Line,
  type OwnResult,
  type Target,
} from './line.ts';
import { measure, prepareToMeasure, type Images } from './measure.ts';
import { CANCELLED, LATE, UNKNOWN, refusalFor } from './refusals.ts';
import { LineBroken, mediate, type Answer, type Lease, type Ports, type Settled, type Step } from './road.ts';
import { stepOf, type Portal, type Prepared } from './steps.ts';
import { classify, ownedBegin, split, type StatementClass } from './statements.ts';

export interface RelayOptions {
  readonly target: Target;
  readonly token: string;
  readonly ports: Ports;
  /** The second connection that reads old row versions; null leaves the affected set to the counters. */
  readonly images: Images | null;
  readonly settled?: (settled: Settled) => void;
}

export interface Relay {
  readonly port: number;
  readonly close: () => void;
}

type Take = (frame: Frame) => void;

const INVALID = parse(`${RESERVED}refused`, 'holdpoint refuses this');
const none = (): void => undefined;

class Conversation implements Back {
  readonly #front: Front;
  readonly #options: RelayOptions;
  #line: Line | null = null;
  #identity: Identity | null = null;
  /** Whose transaction frame is open: nobody's, ours around an autocommit round, or the client's own BEGIN. */
  #frame: 'none' | 'own' | 'client' = 'none';
  #phase: 'client' | 'judging' | 'effect' = 'client';
  #cancelled = false;
  #cancelFence: Promise<void> = Promise.resolve();
  /** The round was refused: what comes before the next Sync is dropped, as the server would. */
  #discarding = false;
  #rollbackAtSync = false;
  /** A ROLLBACK TO has gone out since the last ReadyForQuery: an aborted transaction may live again. */
  #revived = false;
  #horizon: Promise<OwnResult> | null = null;
  #steps: Step[] = [];
  #round: Frame[] = [];
  #midRound = false;
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  readonly #toClient: Take = (frame) => this.#front.say(frame.bytes);

  constructor(front: Front, options: RelayOptions) {
    this.#front = front;
    this.#options = options;
  }

  /** Ours are never cancelled: while judging it becomes a rollback, during COMMIT it is dropped. */
  cancel(): void {
    if (this.#phase === 'judging') this.#cancelled = true;
    if (this.#phase !== 'client' || this.#identity === null) return;
    this.#cancelFence = cancelUpstream(this.#options.target, this.#identity);
  }

  gone(): void {
    if (this.#phase !== 'effect') this.#line?.socket.destroy();
  }

  async open(): Promise<readonly Frame[]> {
    const settings: Frame[] = [];
    const onAsync: Take = (frame) => (this.#line === null ? settings.push(frame) : this.#toClient(frame));
    const onBroken = (): void => {
      if (this.#phase === 'client') this.#front.fatal({ sqlstate: '08006', message: 'the server closed the line' });
    };
    const { line, identity } = await openLine(this.#options.target, onAsync, onBroken);
    this.#line = line;
    this.#identity = identity;
    return settings;
  }

  take(frame: Frame): Promise<void> | undefined {
    if (this.#line === null) throw new Error('no upstream');
    return this.#take(this.#line, frame);
  }

  #take(line: Line, frame: Frame): Promise<void> | undefined {
    switch (frame.type) {
      case 'Q':
        return this.#simple(line, frame);
      case 'P':
      case 'B':
      case 'D':
      case 'E':
      case 'C':
        this.#round.push(frame);
        return undefined;
      case 'H':
      case 'S': {
        const batch = this.#round;
        this.#round = [];
        return this.#extended(line, batch, frame);
      }
      case 'X':
        line.socket.end(frame.bytes);
        return undefined;
      default:
        this.#front.fatal({ sqlstate: '0A000', message: `message type \`${frame.type}\` is not understood` });
        return undefined;
    }
  }

  // ---- simple queries

  #simple(line: Line, frame: Frame): Promise<void> | undefined {
    const parts = split(strings(frame, 1)[0] ?? '');
    const kinds = new Set(parts?.map((part) => classify(part)));
    const [only] = kinds;
    const single = parts !== null && parts.length <= 1;
    if (
      parts === null ||
      kinds.has('unknown') ||
      (!single && [...kinds].some((kind) => kind !== 'read' && kind !== 'write'))
    ) {
      this.#refuse(line, UNKNOWN);
      line.sync(this.#toClient).catch(none);
      return undefined;
    }
    if (only === 'commit' && this.#frame === 'client') return this.#simpleCommit(line, frame);
    if (this.#frame === 'none' && kinds.has('write')) return this.#simpleWrite(line, frame);
    const forwarded = only === 'begin' ? query(ownedBegin(parts[0] ?? '')) : frame.bytes;
    if (this.#frame === 'client' && (kinds.has('write') || only === 'savepoint'))
      this.#record(parts.join('; '), frame.bytes);
    if (only === 'savepoint') this.#revived = true;
    this.#follow(line, only);
    line.send(forwarded, { kind: 'Q', take: this.#readyTake(line) });
    return undefined;
  }

  /** An autocommit write: BEGIN, the client's Query and our measuring go out in one write, its CommandComplete is held back until the COMMIT is proved. */
  #simpleWrite(line: Line, frame: Frame): Promise<void> {
    this.#begin(line);
    this.#record(strings(frame, 1)[0] ?? '', frame.bytes);
    const state: RoundState = { clientsCommit: false, clientFailed: false, tail: null };
    const take: Take = (reply) => {
      if (reply.type === 'Z') return;
      if (state.tail !== null) this.#front.say(state.tail.bytes);
      state.tail = reply.type === 'C' ? reply : null;
      if (reply.type === 'E') state.clientFailed = true;
      if (reply.type !== 'C') this.#front.say(reply.bytes);
    };
    line.send(frame.bytes, { kind: 'Q', take });
    return this.#conclude(line, state, () => this.#ownCommit(line, state), true);
  }

  #simpleCommit(line: Line, frame: Frame): Promise<void> | undefined {
    if (this.#provedAborted(line)) {
      this.#follow(line, 'commit');
      line.send(frame.bytes, { kind: 'Q', take: this.#readyTake(line) });
      return undefined;
    }
    const commit = (): Promise<void> =>
      new Promise((resolve, reject) => {
        line.send(frame.bytes, { kind: 'Q', ...this.#commitTake(resolve, reject) });
      });
    return this.#conclude(line, { clientsCommit: true, clientFailed: false, tail: null }, commit, true);
  }

  // ---- the extended protocol, a batch up to Flush or Sync at a time

  /** Stays synchronous for as long as nothing waits: reads pay no promise. */
  #extended(line: Line, batch: readonly Frame[], end: Frame): Promise<void> | undefined {
    if (!this.#midRound && this.#frame === 'none') {
      const first = this.#firstOf(batch);
      if (first === 'write') this.#begin(line);
      if (first === 'begin') this.#horizon = prepareToMeasure(line).horizon;
    }
    this.#midRound = true;
    return this.#rest(line, batch, 0, end);
  }

  #rest(line: Line, batch: readonly Frame[], from: number, end: Frame): Promise<void> | undefined {
    for (const [index, frame] of batch.entries()) {
      const waiting = index < from || this.#discarding ? undefined : this.#one(line, frame);
      if (waiting !== undefined) return waiting.then(() => this.#rest(line, batch, index + 1, end));
    }
    if (end.type === 'S') return this.#endRound(line);
    if (!this.#discarding) line.flush();
    return undefined;
  }

  #endRound(line: Line): Promise<void> | undefined {
    this.#midRound = false;
    if (this.#frame === 'own' && !this.#discarding) {
      const state: RoundState = { clientsCommit: false, clientFailed: false, tail: null };
      return this.#conclude(line, state, () => this.#ownCommit(line, state), true);
    }
    if (this.#frame === 'own' || this.#rollbackAtSync) return this.#endFailed(line);
    this.#discarding = false;
    line.send(SYNC, { kind: 'S', take: this.#readyTake(line) });
    return undefined;
  }

  /**
   * What opens the round. BEGIN READ WRITE must come before the round's first Parse: analysing takes a snapshot, after which the server
   * refuses the change. A read before the client's own BEGIN in one round is left to the server's error.
   */
  #firstOf(batch: readonly Frame[]): StatementClass {
    for (const frame of batch) {
      if (frame.type !== 'P' && frame.type !== 'B') continue;
      const [, second = ''] = strings(frame, 2);
      const kind = frame.type === 'P' ? classify(second) : this.#statements.get(second)?.kind;
      if (kind === 'begin' || kind === 'write') return kind;
    }
    return 'read';
  }

  #one(line: Line, frame: Frame): Promise<void> | undefined {
    const forward = { kind: frame.type as 'P' | 'B' | 'D' | 'E' | 'C', take: this.#toClient };
    if (frame.type === 'P') return this.#oneParse(line, frame);
    if (frame.type === 'B') {
      const [portal = '', name = ''] = strings(frame, 2);
      const statement = this.#statements.get(name);
      if (portal.startsWith(RESERVED) || name.startsWith(RESERVED)) return this.#refuseRound(line, UNKNOWN);
      if (statement !== undefined) this.#portals.set(portal, { statement, bindBytes: frame.bytes });
    } else if (frame.type === 'E') {
      return this.#oneExecute(line, frame);
    } else if (strings(frame, 1, 6)[0]?.startsWith(RESERVED) === true) return this.#refuseRound(line, UNKNOWN);
    line.send(frame.bytes, forward);
    return undefined;
  }

  #oneParse(line: Line, frame: Frame): Promise<void> | undefined {
    const [name = '', text = ''] = strings(frame, 2);
    const parts = split(text);
    const kind = classify(text);
    if (name.startsWith(RESERVED) || parts === null || parts.length > 1 || kind === 'unknown')
      return this.#refuseRound(line, UNKNOWN);
    const bytes = kind === 'begin' ? parse(name, ownedBegin(text)) : frame.bytes;
    this.#statements.set(name, { text, kind, parseBytes: frame.bytes });
    line.send(bytes, { kind: 'P', take: this.#toClient });
    return undefined;
  }

  #oneExecute(line: Line, frame: Frame): Promise<void> | undefined {
    const portal = this.#portals.get(strings(frame, 1)[0] ?? '');
    const kind = portal?.statement.kind ?? 'unknown';
    const control = kind === 'begin' || kind === 'commit' || kind === 'rollback' || kind === 'savepoint';
    const tooLate = this.#frame === 'none' && (kind === 'write' || (kind === 'begin' && this.#horizon === null));
    if (kind === 'unknown' || (control && this.#frame === 'own') || tooLate)
      return this.#refuseRound(line, tooLate ? LATE : UNKNOWN);
    if (kind === 'commit' && this.#frame === 'client' && !this.#provedAborted(line)) {
      const commit = (): Promise<void> => {
        const done = new Promise<void>((resolve, reject) => {
          line.send(frame.bytes, { kind: 'E', ...this.#commitTake(resolve, reject) });
        });
        line.write(FLUSH);
        return done;
      };
      return this.#conclude(line, { clientsCommit: true, clientFailed: false, tail: null }, commit, false);
    }
    if (portal !== undefined && this.#frame !== 'none' && (kind === 'write' || kind === 'savepoint'))
      this.#steps.push(stepOf(portal));
    if (kind === 'savepoint') this.#revived = true;
    this.#follow(line, kind);
    line.send(frame.bytes, { kind: 'E', take: this.#toClient });
    return undefined;
  }

  // ---- the commit

  /** The client's own COMMIT: its answer is passed on, and read. */
  #commitTake(resolve: () => void, reject: (cause: Error) => void): Pick<Expectation, 'take' | 'skipped'> {
    return {
      take: (reply) => {
        this.#front.say(reply.bytes);
        if (reply.type === 'E') reject(new ServerError(reply));
        if (reply.type !== 'C') return;
        if (strings(reply, 1)[0] === 'COMMIT') resolve();
        else reject(new Error('the server rolled back'));
      },
      skipped: (broken) => reject(broken ? new LineBroken('line broken') : new Skipped('skipped')),
    };
  }

  #begin(line: Line): void {
    this.#frame = 'own';
    this.#steps = [];
    this.#horizon = prepareToMeasure(line).horizon;
    line.own('begin', (reply) => reply.type === 'E' && this.#front.say(reply.bytes)).catch(none);
  }

  /** Follows the client's own frame. A BEGIN that fails leaves us one state ahead, where the server's read-only default still refuses writes. */
  #follow(line: Line, kind: StatementClass | undefined): void {
    if (kind === 'begin' && this.#frame === 'none') {
      this.#frame = 'client';
      this.#steps = [];
      if (!this.#midRound) this.#horizon = prepareToMeasure(line).horizon;
    } else if ((kind === 'commit' || kind === 'rollback') && this.#frame === 'client') this.#frame = 'none';
  }

  #readyTake(line: Line): Take {
    return (frame) => {
      this.#front.say(frame.bytes);
      if (frame.type !== 'Z') return;
      this.#revived = false;
      if (line.idle && line.status === 'I' && this.#frame === 'client') this.#frame = 'none';
    };
  }

  /** The last ReadyForQuery said `E` and no ROLLBACK TO has been sent since: a COMMIT can only roll back. */
  #provedAborted(line: Line): boolean {
    return line.status === 'E' && !this.#revived;
  }

  #record(text: string, bytes: Buffer): void {
    this.#steps.push({ text, bytes: Buffer.from(bytes) });
  }

  /** Makes the server itself fail, so that its aborted state is true, and puts our words in the place of its syntax error. */
  #refuse(line: Line, refusal: Refusal): void {
    line.send(INVALID, { kind: 'P', take: (reply) => reply.type === 'E' && this.#front.say(errorResponse(refusal)) });
  }

  #refuseRound(line: Line, refusal: Refusal): undefined {
    this.#refuse(line, refusal);
    this.#discarding = true;
    return undefined;
  }

  async #ownCommit(line: Line, state: RoundState): Promise<void> {
    const committed = line.own('commit', (reply) => {
      if (reply.type === 'C' && state.tail !== null) this.#front.say(state.tail.bytes);
      if (reply.type === 'E') this.#front.say(reply.bytes);
    });
    line.sync(this.#readyTake(line)).catch(none);
    if ((await committed).tag !== 'COMMIT') throw new Error('the server rolled back');
  }

  /** Rolls back what our BEGIN or the client's opened after an error; the client sees one ReadyForQuery, the last. */
  async #endFailed(line: Line): Promise<void> {
    this.#frame = 'none';
    this.#discarding = false;
    this.#rollbackAtSync = false;
    await line.sync();
    const rolledBack = line.own('rollback');
    await line.sync(this.#readyTake(line));
    await rolledBack;
  }

  /** The client committed a transaction that had failed: legal, and answered with the tag ROLLBACK. Sent only once the server has proved `E`. */
  async #commitAborted(line: Line, sync: boolean): Promise<void> {
    if ((await line.sync()) !== 'E') throw new Error('the transaction is not aborted');
    line.own('commit', (reply) => reply.type === 'C' && this.#toClient(reply)).catch(none);
    if (sync) await line.sync(this.#readyTake(line));
  }

  async #takeBack(line: Line, state: RoundState, sync: boolean, answer: Answer): Promise<void> {
    if (line.skipping || line.broken) {
      if (line.broken) throw new LineBroken('line broken before the commit');
      const cause = answer.kind === 'failed' ? answer.cause : null;
      if (state.clientsCommit && cause instanceof ServerError && cause.sqlstate === '25P02')
        return this.#commitAborted(line, sync);
      if (cause instanceof ServerError && !state.clientFailed) this.#front.say(cause.frame.bytes);
      if (sync) return this.#endFailed(line);
      this.#discarding = true;
      this.#rollbackAtSync = true;
      return;
    }
    line.own('rollback').catch(none);
    this.#refuse(line, this.#cancelled ? CANCELLED : refusalFor(answer));
    if (sync) await line.sync(this.#readyTake(line));
    else {
      this.#discarding = true;
      line.flush();
    }
  }

  /** Measure, then the road. `sync`: the client waits for a ReadyForQuery behind this, rather than going on in its pipeline. */
  async #conclude(line: Line, state: RoundState, commit: () => Promise<void>, sync: boolean): Promise<void> {
    const { ports, images, target, settled: tell } = this.#options;
    const identity = this.#identity;
    const horizon = this.#horizon;
    if (identity === null || horizon === null) throw new Error('no transaction to conclude');
    this.#cancelled = false;
    const lease: Lease = {
      run: () => Promise.reject(new Error('a live client has run its own steps')),
      measure: () => measure(line, horizon, images),
      intent: (digest, xid) => ({ digest, xid, ...identity }),
      effect: async () => {
        await this.#cancelFence;
        this.#phase = 'effect';
        await commit();
      },
      takeBack: (answer) => this.#takeBack(line, state, sync, answer),
    };
    const judge: Ports['judge'] = async (plan, measured) => {
      this.#phase = 'judging';
      const said = await ports.judge(plan, measured);
      return this.#cancelled ? 'hold' : said;
    };
    const plan = { database: `${identity.system}/${target.database}`, steps: this.#steps, effect: 'COMMIT' as const };
    const settled = await mediate({ plan, ran: this.#steps.length }, lease, { ...ports, judge });
    this.#phase = 'client';
    this.#frame = 'none';
    this.#steps = [];
    this.#horizon = null;
    tell?.(settled);
    if (settled.kind === 'settled late') {
      this.#front.fatal({
        sqlstate: '08007',
        message: 'the line broke during commit',
        detail: `looked up on a new connection: ${settled.outcome}`,
      });
    }
  }
}

interface RoundState {
  readonly clientsCommit: boolean;
  clientFailed: boolean;
  /** The autocommit Query's last CommandComplete: true only once the COMMIT is. */
  tail: Frame | null;
}

export function startRelay(options: RelayOptions, port: number): Promise<Relay> {
  const cancels = new Map<string, Back>();
  const server = createServer((socket) => {
    const front = new Front(socket, options.token, cancels);
    front.attach(new Conversation(front, options));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ port, close: () => server.close() }));
  });
}
