import { type Acted, sayOwn } from './acted.ts';
import { act } from './acting.ts';
import type { Ready } from './again.ts';
import { bindComplete, noData, Outgoing } from './outgoing.ts';
import {
  bindParts,
  type ClientPortal,
  type ClientStatement,
  closeStatementFrame,
  executeLimit,
  executePart,
  namedPart,
  parseParts,
} from './statements.ts';
import type { PreparedNames, Talk } from './talk.ts';
import { wholeRead, type WholeRead } from './whole-read.ts';
import { isWritingRound } from './writing-round.ts';
import { errorFrame, refusalFrame } from './says.ts';
import { frame, type Frame, int16 } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import { type PostgresMessage, postgresMessage } from '../../model/postgres-message.ts';
import { refuse, Refused } from '../../model/refusal.ts';

const parseComplete = frame('1');
const closeComplete = frame('3');
const noParameters = frame('t', int16(0));

/**
 * The extended protocol: messages wait for the Sync or Flush behind them, then they are worked on in order. A statement
 * goes to the server as one unit, the Parse that is still on its way to the Execute, once its values are known and judged.
 */
export class Extended implements PreparedNames {
  readonly #talk: Talk;
  readonly #out: Outgoing;
  readonly #statements = new Map<string, ClientStatement>();
  readonly #portals = new Map<string, ClientPortal>();
  /** Bound and run at the server: an Execute of one goes on where it stopped. */
  readonly #running = new Set<string>();
  /** Names whose Parse the server may still refuse, or never hear of. */
  readonly #fresh = new Set<string>();
  #batch: Frame[] = [];
  #batchBytes = 0;
  #copied = false;

  constructor(talk: Talk) {
    this.#talk = talk;
    this.#out = new Outgoing(talk);
  }

  take(message: Frame): Promise<void> | undefined {
    this.#batchBytes += message.bytes.length;
    if (this.#batchBytes > 64 * 1024 * 1024)
      throw refuse('BAD_REQUEST', 'too much is sent without a Sync', 'send a Sync in between');
    if (message.type !== 'S' && message.type !== 'H') {
      if (!this.#out.dropping) this.#batch.push(message);
      return undefined;
    }
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    return (message.type === 'S' ? this.#again(batch, message) : undefined) ?? this.#round(batch, message.type === 'S');
  }

  /** Nothing waits for a Sync, and nothing is dropped up to one. */
  get idle(): boolean {
    return !this.#copied && this.#batch.length === 0 && this.#out.idle;
  }

  /** One statement up to its Sync that was proved to be a read a moment ago goes out as it came. */
  #again(batch: readonly Frame[], sync: Frame): Promise<void> | undefined {
    if (!this.idle) return undefined;
    const found = wholeRead(batch, this.#statements);
    if (found === undefined) return undefined;
    const ready = this.#talk.transaction.ready(this.#messageOf(found.portal));
    if (ready === undefined) return undefined;
    return this.#sendAgain(found, ready, [...batch, sync]);
  }

  async #sendAgain({ portal, parses }: WholeRead, ready: Ready, frames: readonly Frame[]): Promise<void> {
    if (parses) this.#statements.delete('');
    const parsed = await this.#talk.again(ready, frames);
    const read = parses && parsed ? this.#talk.peek(portal.statement.text)?.[0] : undefined;
    if (read !== undefined) this.#statements.set('', { ...portal.statement, read });
    this.transactionEnded();
  }

  /** Does what still waits, for a message that is no part of it; false where that message is to be dropped. */
  async heard(): Promise<boolean> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length > 0) await this.#round(batch, false);
    await this.#out.settle();
    return !this.#out.dropping;
  }

  async work(frames: readonly Frame[]): Promise<boolean> {
    await this.#all(frames);
    await this.#out.settle();
    return this.#roundEnded();
  }

  async forget(name?: string): Promise<boolean> {
    if (name !== undefined && !this.#statements.has(name)) return false;
    const closing = name === undefined ? [...this.#statements.keys()] : [name];
    await this.#out.settle();
    await this.#talk.hushed(async () => {
      for (const one of closing) await this.#close(closeStatementFrame(one));
      await this.#out.settle();
      if (this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    });
    return true;
  }

  /** Portals end with their transaction. */
  transactionEnded(): void {
    this.#portals.clear();
    this.#running.clear();
    this.#out.transactionEnded();
  }

  async #round(batch: readonly Frame[], ends: boolean): Promise<void> {
    // Before its Sync nothing is over: a client that hangs up behind a Flush has taken it back.
    if (this.#writes(batch, ends ? 2 : 1) && !(await this.#talk.beginOwn())) this.#out.drop();
    await this.#all(batch);
    if (ends) return this.#end();
    if (!this.#talk.session.skipping) this.#talk.session.flush();
    return undefined;
  }

  async #all(batch: readonly Frame[]): Promise<void> {
    for (const message of batch) {
      if (this.#out.dropping) break;
      try {
        await this.#one(message);
      } catch (thrown) {
        if (!(thrown instanceof Refused)) throw thrown;
        await this.#out.refuse(refusalFrame(thrown.refusal));
      }
    }
    if (!this.#out.dropping) await this.#out.send();
  }

  /** The unit of a Query is over: nothing of it waits. */
  async #roundEnded(): Promise<boolean> {
    const well = !this.#out.dropping;
    this.#out.begin();
    if (this.#talk.session.skipping || this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    this.#forgetUntaken();
    if (this.#talk.transaction.owner === 'nobody') this.transactionEnded();
    return well;
  }

  #writes(batch: readonly Frame[], atLeast: number): boolean {
    if (this.#out.dropping || this.#talk.transaction.owner !== 'nobody') return false;
    return isWritingRound(batch, atLeast, this.#statements, {
      peek: (text) => this.#talk.peek(text)?.[0],
      acts: (text) => this.#talk.transaction.acts(postgresMessage(this.#talk.target, 'statement', text)),
    });
  }

  async #end(): Promise<void> {
    const well = !this.#out.dropping;
    // The server hears no Sync while it waits for the data of a COPY; the client sends another one behind it.
    if (this.#copied && well) {
      this.#copied = false;
      return;
    }
    this.#copied = false;
    this.#out.begin();
    await this.#talk.endOwn(well);
    if (this.#talk.session.skipping || this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    await this.#out.settle();
    this.#forgetUntaken();
    if (this.#talk.transaction.owner === 'nobody') this.transactionEnded();
    this.#talk.ready();
  }

  async #one(message: Frame): Promise<void> {
    switch (message.type) {
      case 'P':
        return this.#parse(message);
      case 'B':
        return this.#bind(message);
      case 'D':
        return this.#describe(message);
      case 'E':
        return this.#execute(message);
      default:
        return this.#close(message);
    }
  }

  async #parse(message: Frame): Promise<void> {
    const parts = parseParts(message);
    const statements = this.#talk.read(parts.text);
    if (statements === undefined) return this.#out.drop();
    if (statements.length > 1)
      return this.#out.refuse(errorFrame('42601', 'cannot insert multiple commands into a prepared statement'));
    const statement: ClientStatement = { ...parts, read: statements[0] };
    if (parts.name !== '' && this.#statements.has(parts.name))
      return this.#out.refuse(errorFrame('42P05', `prepared statement "${parts.name}" already exists`));
    if (this.#statements.size >= this.#talk.limits.names)
      return this.#out.refuse(errorFrame('53400', 'holdpoint: too many prepared statements'));
    if (this.#talk.transaction.failed && !isOurs(statement.read) && statement.read?.class !== 'frame')
      return this.#out.refuse(
        errorFrame('25P02', 'current transaction is aborted, commands ignored until end of transaction block'),
      );
    if (isOurs(statement.read)) await this.#out.say(parseComplete);
    else await this.#out.add(message);
    this.#statements.set(parts.name, statement);
    if (parts.name !== '' && !isOurs(statement.read)) this.#fresh.add(parts.name);
  }

  /** What the server has not taken does not exist: its name is free. */
  #forgetUntaken(): void {
    for (const name of this.#fresh) if (!this.#talk.session.isPrepared(name)) this.#statements.delete(name);
    this.#fresh.clear();
  }

  async #bind(message: Frame): Promise<void> {
    const { statement: name, ...parts } = bindParts(message);
    const statement = this.#statements.get(name);
    if (statement === undefined)
      return this.#out.refuse(errorFrame('26000', `prepared statement "${name}" does not exist`));
    const portal: ClientPortal = { ...parts, statement };
    if (isOurs(statement.read)) await this.#out.say(bindComplete);
    else {
      await this.#out.addBind(message, portal);
      if (this.#out.dropping) return undefined;
    }
    this.#running.delete(portal.name);
    this.#out.forget(portal.name);
    this.#portals.set(portal.name, portal);
    return undefined;
  }

  async #describe(message: Frame): Promise<void> {
    const { kind, name } = namedPart(message);
    const portal = kind === 'portal' ? this.#portals.get(name) : undefined;
    const statement = kind === 'statement' ? this.#statements.get(name) : portal?.statement;
    // A cursor that was declared by SQL is a portal, too.
    if (statement === undefined && kind === 'portal' && this.#talk.transaction.owner === 'client') {
      await this.#out.send();
      return this.#out.pass(message);
    }
    if (statement === undefined)
      return this.#out.refuse(errorFrame(kind === 'portal' ? '34000' : '26000', `${kind} "${name}" does not exist`));
    if (portal !== undefined && this.#out.isPromised(portal.name)) return this.#out.describePromised(portal);
    if (!isOurs(statement.read)) return this.#out.add(message);
    if (kind === 'statement') await this.#out.say(noParameters);
    return this.#out.say(noData);
  }

  async #execute(message: Frame): Promise<void> {
    const name = executePart(message);
    const portal = this.#portals.get(name);
    if (portal === undefined) return this.#out.refuse(errorFrame('34000', `portal "${name}" does not exist`));
    const { read } = portal.statement;
    if (this.#running.has(portal.name)) return this.#more(portal, message);
    if (read === undefined) return this.#out.say(frame('I'));
    if (isOurs(read)) return this.#ours(portal, read);
    const binding = await this.#out.binding(portal);
    if (binding === undefined) return this.#out.refuse(errorFrame('34000', `portal "${portal.name}" does not exist`));
    await this.#out.settle();
    if (this.#out.dropping) return undefined;
    // What stops at a limit goes on later: until then its transaction has to stay.
    if (executeLimit(message) > 0 && mayWrite(read) && this.#talk.transaction.owner === 'nobody') {
      if (!(await this.#talk.beginOwn())) return this.#out.drop();
    }
    return this.#run(portal, read, [...binding.frames, message], binding.promised);
  }

  async #run(portal: ClientPortal, read: Statement, frames: readonly Frame[], promised: boolean): Promise<void> {
    const doing = (): Promise<Acted> => act(this.#talk, read, this.#messageOf(portal), frames);
    const acted = await (promised ? this.#talk.hushed(doing, '2') : doing());
    this.#copied ||= read.facts.copy?.direction === 'in' && read.facts.copy.via === 'stream';
    // What the gate did itself the server has not heard of.
    if (acted.own !== undefined && acted.ran.kind === 'done') await this.#answered(frames, promised);
    sayOwn(this.#talk, acted);
    if (!this.#talk.wentWell(acted.ran)) return this.#out.drop();
    if (acted.own === undefined) this.#running.add(portal.name);
    return undefined;
  }

  /** What the server would have said to these. */
  async #answered(frames: readonly Frame[], promised: boolean): Promise<void> {
    for (const one of frames) {
      if (one.type === 'P' || (one.type === 'D' && namedPart(one).kind === 'statement')) this.#out.pass(one);
      else if (one.type === 'B' && !promised) await this.#out.say(bindComplete);
      else if (one.type === 'D') await this.#out.say(noData);
    }
    await this.#out.settle();
  }

  /** The transaction's frame, and nothing that the server hears of. */
  async #ours(portal: ClientPortal, read: Statement): Promise<void> {
    await this.#out.send();
    await this.#out.settle();
    const acted = await act(this.#talk, read, this.#messageOf(portal), []);
    sayOwn(this.#talk, acted);
    if (!this.#talk.wentWell(acted.ran)) this.#out.drop();
  }

  async #more(portal: ClientPortal, message: Frame): Promise<void> {
    await this.#out.send();
    await this.#talk.transaction.more(this.#messageOf(portal), message);
    if (!this.#talk.wentWell(this.#talk.session.skipping ? { kind: 'failed' } : { kind: 'done', tag: '' }))
      this.#out.drop();
  }

  async #close(message: Frame): Promise<void> {
    const { kind, name } = namedPart(message);
    const statement = kind === 'statement' ? this.#statements.get(name) : this.#portals.get(name)?.statement;
    if (kind === 'statement') this.#statements.delete(name);
    else {
      this.#portals.delete(name);
      const known = this.#running.delete(name);
      if (this.#out.forget(name) || !known) return this.#out.say(closeComplete);
    }
    if (statement === undefined || isOurs(statement.read)) return this.#out.say(closeComplete);
    await this.#out.send();
    this.#out.pass(message);
  }

  #messageOf({ statement, formats, values, results }: ClientPortal): PostgresMessage {
    return {
      ...postgresMessage(this.#talk.target, 'statement', statement.text),
      types: statement.types,
      formats,
      values,
      results,
    };
  }
}

function mayWrite({ class: form, facts }: Statement): boolean {
  return form !== 'read-candidate' || facts.rowLock !== undefined;
}

/** Whether the gate answers it all by itself: the transaction's frame, but for savepoints, and an empty text. */
function isOurs(read: Statement | undefined): boolean {
  if (read === undefined) return true;
  const move = read.facts.frame?.act;
  return read.class === 'frame' && move !== 'savepoint' && move !== 'release' && move !== 'rollback-to';
}
