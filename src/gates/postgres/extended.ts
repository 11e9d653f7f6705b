import { type Acted, sayOwn } from './acted.ts';
import { act } from './acting.ts';
import type { Ready } from './again.ts';
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
import { errorFrame, refusalFrame } from './says.ts';
import { cstring, frame, type Frame, int16 } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import { type PostgresMessage, postgresMessage } from '../../model/postgres-message.ts';
import { refuse, Refused } from '../../model/refusal.ts';

const parseComplete = frame('1');
const bindComplete = frame('2');
const closeComplete = frame('3');
const noData = frame('n');
const noParameters = frame('t', int16(0));

/**
 * The extended protocol: messages wait for the Sync or Flush behind them, then they are worked on in order. A statement
 * goes to the server as one unit, the Parse that is still on its way to the Execute, once its values are known and judged.
 */
export class Extended implements PreparedNames {
  readonly #talk: Talk;
  readonly #statements = new Map<string, ClientStatement>();
  readonly #portals = new Map<string, ClientPortal>();
  /** Bound and run at the server: an Execute of one goes on where it stopped. */
  readonly #running = new Set<string>();
  #batch: Frame[] = [];
  #batchBytes = 0;
  /** On their way: they say nothing yet. */
  #unit: Frame[] = [];
  #bound: ClientPortal | undefined;
  /** Bound as far as the client knows; the server hears of it with the Execute, when it has been judged. */
  readonly #promised = new Map<string, Frame>();
  #passed: Promise<boolean>[] = [];
  /** Something failed or was refused: what comes before the next Sync is dropped, as the server would. */
  #dropping = false;
  #copied = false;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  take(message: Frame): Promise<void> | undefined {
    this.#batchBytes += message.bytes.length;
    if (this.#batchBytes > 64 * 1024 * 1024)
      throw refuse('BAD_REQUEST', 'too much is sent without a Sync', 'send a Sync in between');
    if (message.type !== 'S' && message.type !== 'H') {
      if (!this.#dropping) this.#batch.push(message);
      return undefined;
    }
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    return (message.type === 'S' ? this.#again(batch, message) : undefined) ?? this.#round(batch, message.type === 'S');
  }

  /** Nothing waits for a Sync, and nothing is dropped up to one. */
  get idle(): boolean {
    return !this.#dropping && !this.#copied && this.#batch.length + this.#passed.length + this.#unit.length === 0;
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
    await this.#settlePassed();
    return !this.#dropping;
  }

  async work(frames: readonly Frame[]): Promise<boolean> {
    await this.#all(frames);
    await this.#settlePassed();
    return this.#roundEnded();
  }

  async forget(name?: string): Promise<boolean> {
    if (name !== undefined && !this.#statements.has(name)) return false;
    const closing = name === undefined ? [...this.#statements.keys()] : [name];
    await this.#settlePassed();
    await this.#talk.hushed(async () => {
      for (const one of closing) await this.#close(closeStatementFrame(one));
      await this.#settlePassed();
      if (this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    });
    return true;
  }

  /** Portals end with their transaction. */
  transactionEnded(): void {
    this.#portals.clear();
    this.#running.clear();
    this.#promised.clear();
  }

  async #round(batch: readonly Frame[], ends: boolean): Promise<void> {
    // Before its Sync nothing is over: a client that hangs up behind a Flush has taken it back.
    if (this.#writes(batch, ends ? 2 : 1) && !(await this.#talk.beginOwn())) this.#drop();
    await this.#all(batch);
    if (ends) return this.#end();
    if (!this.#talk.session.skipping) this.#talk.session.flush();
    return undefined;
  }

  async #all(batch: readonly Frame[]): Promise<void> {
    for (const message of batch) {
      if (this.#dropping) break;
      try {
        await this.#one(message);
      } catch (thrown) {
        if (!(thrown instanceof Refused)) throw thrown;
        await this.#refused(refusalFrame(thrown.refusal));
      }
    }
    if (!this.#dropping) await this.#sendUnit();
  }

  /** The unit of a Query is over: nothing of it waits. */
  async #roundEnded(): Promise<boolean> {
    const well = !this.#dropping;
    this.#dropping = false;
    this.#unit = [];
    this.#bound = undefined;
    if (this.#talk.session.skipping || this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    if (this.#talk.transaction.owner === 'nobody') this.transactionEnded();
    return well;
  }

  /** Several statements up to one Sync are one act, as the server would have them, where one of them may write. */
  #writes(batch: readonly Frame[], atLeast: number): boolean {
    const { transaction } = this.#talk;
    if (this.#dropping || transaction.owner !== 'nobody' || batch.filter((one) => one.type === 'B').length < atLeast)
      return false;
    const parsed = new Map<string, Statement | undefined>();
    const bound: (Statement | undefined)[] = [];
    for (const one of batch) {
      if (one.type === 'P') {
        const { name, text } = parseParts(one);
        parsed.set(name, this.#talk.peek(text)?.[0]);
      } else if (one.type === 'B') {
        const { statement } = bindParts(one);
        bound.push(parsed.has(statement) ? parsed.get(statement) : this.#statements.get(statement)?.read);
      }
    }
    if (bound.some((one) => one?.class === 'frame')) return false;
    return bound.some((one) => one !== undefined && one.class !== 'read-candidate' && one.class !== 'setting');
  }

  async #end(): Promise<void> {
    const well = !this.#dropping;
    // The server hears no Sync while it waits for the data of a COPY; the client sends another one behind it.
    if (this.#copied && well) {
      this.#copied = false;
      return;
    }
    this.#copied = false;
    this.#dropping = false;
    this.#unit = [];
    this.#bound = undefined;
    await this.#talk.endOwn(well);
    if (this.#talk.session.skipping || this.#talk.transaction.owner === 'nobody') await this.#talk.session.sync();
    await this.#settlePassed();
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
    if (statements === undefined) return this.#drop();
    if (statements.length > 1)
      return this.#refused(errorFrame('42601', 'cannot insert multiple commands into a prepared statement'));
    const statement: ClientStatement = { ...parts, read: statements[0] };
    if (parts.name !== '' && this.#statements.has(parts.name))
      return this.#refused(errorFrame('42P05', `prepared statement "${parts.name}" already exists`));
    if (this.#statements.size >= this.#talk.limits.names)
      return this.#refused(errorFrame('53400', 'holdpoint: too many prepared statements'));
    if (this.#talk.transaction.failed && !isOurs(statement.read) && statement.read?.class !== 'frame')
      return this.#refused(
        errorFrame('25P02', 'current transaction is aborted, commands ignored until end of transaction block'),
      );
    if (isOurs(statement.read)) await this.#ourWord(parseComplete);
    else await this.#add(message);
    this.#statements.set(parts.name, statement);
  }

  async #bind(message: Frame): Promise<void> {
    const { statement: name, ...parts } = bindParts(message);
    const statement = this.#statements.get(name);
    if (statement === undefined)
      return this.#refused(errorFrame('26000', `prepared statement "${name}" does not exist`));
    const portal: ClientPortal = { ...parts, statement };
    if (isOurs(statement.read)) await this.#ourWord(bindComplete);
    else {
      await this.#add(message);
      if (this.#dropping) return undefined;
      this.#bound = portal;
    }
    this.#running.delete(portal.name);
    this.#promised.delete(portal.name);
    this.#portals.set(portal.name, portal);
    return undefined;
  }

  async #describe(message: Frame): Promise<void> {
    const { kind, name } = namedPart(message);
    const portal = kind === 'portal' ? this.#portals.get(name) : undefined;
    const statement = kind === 'statement' ? this.#statements.get(name) : portal?.statement;
    // A cursor that was declared by SQL is a portal, too.
    if (statement === undefined && kind === 'portal' && this.#talk.transaction.owner === 'client') {
      await this.#sendUnit();
      return this.#pass(message);
    }
    if (statement === undefined)
      return this.#refused(errorFrame(kind === 'portal' ? '34000' : '26000', `${kind} "${name}" does not exist`));
    if (portal !== undefined && this.#promised.has(portal.name)) return this.#describePromised(portal);
    if (!isOurs(statement.read)) return this.#add(message);
    if (kind === 'statement') await this.#ourWord(noParameters);
    return this.#ourWord(noData);
  }

  async #execute(message: Frame): Promise<void> {
    const name = executePart(message);
    const portal = this.#portals.get(name);
    if (portal === undefined) return this.#refused(errorFrame('34000', `portal "${name}" does not exist`));
    const { read } = portal.statement;
    if (this.#running.has(portal.name)) return this.#more(message);
    if (read === undefined) return this.#ourWord(frame('I'));
    if (isOurs(read)) return this.#ours(portal, read);
    const promised = this.#promised.get(portal.name);
    if (promised !== undefined || this.#bound !== portal) await this.#sendUnit();
    if (promised === undefined && this.#bound !== portal)
      return this.#refused(errorFrame('34000', `portal "${portal.name}" does not exist`));
    const frames = promised === undefined ? [...this.#unit, message] : [promised, message];
    if (promised === undefined) this.#unit = [];
    this.#bound = undefined;
    this.#promised.delete(portal.name);
    await this.#settlePassed();
    if (this.#dropping) return undefined;
    // What stops at a limit goes on later: until then its transaction has to stay.
    if (executeLimit(message) > 0 && mayWrite(read) && this.#talk.transaction.owner === 'nobody') {
      if (!(await this.#talk.beginOwn())) return this.#drop();
    }
    return this.#run(portal, read, frames, promised !== undefined);
  }

  async #run(portal: ClientPortal, read: Statement, frames: readonly Frame[], promised: boolean): Promise<void> {
    const doing = (): Promise<Acted> => act(this.#talk, read, this.#messageOf(portal), frames);
    const acted = await (promised ? this.#talk.hushed(doing, '2') : doing());
    this.#copied ||= read.facts.copy?.direction === 'in' && read.facts.copy.via === 'stream';
    // What the gate did itself the server has not heard of.
    if (acted.own !== undefined && acted.ran.kind === 'done') await this.#answered(frames, promised);
    sayOwn(this.#talk, acted);
    if (!this.#talk.wentWell(acted.ran)) return this.#drop();
    if (acted.own === undefined) this.#running.add(portal.name);
    return undefined;
  }

  /** What the server would have said to these. */
  async #answered(frames: readonly Frame[], promised: boolean): Promise<void> {
    for (const one of frames) {
      if (one.type === 'P' || (one.type === 'D' && namedPart(one).kind === 'statement')) this.#pass(one);
      else if (one.type === 'B' && !promised) await this.#ourWord(bindComplete);
      else if (one.type === 'D') await this.#ourWord(noData);
    }
    await this.#settlePassed();
  }

  /** The rows of a portal are those of its statement, in the formats that it was bound for. */
  async #describePromised(portal: ClientPortal): Promise<void> {
    await this.#sendUnit();
    await this.#settlePassed();
    if (this.#dropping) return;
    const described = frame('D', Buffer.from('S'), cstring(portal.statement.name));
    await this.#talk.describing(portal.results, async () => {
      this.#pass(described);
      await this.#settlePassed();
    });
  }

  /** The transaction's frame, and nothing that the server hears of. */
  async #ours(portal: ClientPortal, read: Statement): Promise<void> {
    await this.#sendUnit();
    await this.#settlePassed();
    const acted = await act(this.#talk, read, this.#messageOf(portal), []);
    sayOwn(this.#talk, acted);
    if (!this.#talk.wentWell(acted.ran)) this.#drop();
  }

  async #more(message: Frame): Promise<void> {
    await this.#sendUnit();
    await this.#talk.transaction.more(message);
    if (!this.#talk.wentWell(this.#talk.session.skipping ? { kind: 'failed' } : { kind: 'done', tag: '' }))
      this.#drop();
  }

  async #close(message: Frame): Promise<void> {
    const { kind, name } = namedPart(message);
    const statement = kind === 'statement' ? this.#statements.get(name) : this.#portals.get(name)?.statement;
    if (kind === 'statement') this.#statements.delete(name);
    else {
      this.#portals.delete(name);
      const known = this.#running.delete(name);
      if (this.#promised.delete(name) || !known) return this.#ourWord(closeComplete);
    }
    if (statement === undefined || isOurs(statement.read)) return this.#ourWord(closeComplete);
    await this.#sendUnit();
    this.#pass(message);
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

  /** Waits with the unit that it belongs to. */
  async #add(message: Frame): Promise<void> {
    // What was only prepared or described goes ahead of the next Parse.
    if (message.type === 'P' || (message.type === 'B' && this.#bound !== undefined)) await this.#sendUnit();
    if (!this.#dropping) this.#unit.push(message);
  }

  /**
   * What waits and runs nothing goes out by itself. A portal that is not run by now is only promised: binding alone can
   * run code of the database, and what is to be judged is the whole of it.
   */
  async #sendUnit(): Promise<void> {
    const unit = this.#unit;
    const bound = this.#bound;
    this.#unit = [];
    this.#bound = undefined;
    for (const message of unit) {
      if (this.#dropping) return;
      if (bound !== undefined && message.type === 'B') {
        this.#promised.set(bound.name, message);
        await this.#ourWord(bindComplete);
      } else if (bound !== undefined && message.type === 'D' && namedPart(message).kind === 'portal')
        await this.#describePromised(bound);
      else if (message.type !== 'P' || (await this.#mayParse(message))) this.#pass(message);
    }
  }

  /** Even what is only prepared has its literals made into values, by code of their types. */
  async #mayParse(message: Frame): Promise<boolean> {
    await this.#settlePassed();
    if (this.#dropping) return false;
    const { text, types } = parseParts(message);
    if (this.#talk.peek(text)?.[0]?.class === 'frame') return true;
    try {
      await this.#talk.transaction.mayParse({ ...postgresMessage(this.#talk.target, 'statement', text), types });
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      await this.#refused(refusalFrame(thrown.refusal));
      return false;
    }
  }

  #pass(message: Frame): void {
    this.#passed.push(this.#talk.session.pass(message));
  }

  /** What we say ourselves comes behind all that the server still has to say. */
  async #ourWord(word: Frame): Promise<void> {
    await this.#sendUnit();
    await this.#settlePassed();
    if (!this.#dropping) this.#talk.say(word);
  }

  async #settlePassed(): Promise<void> {
    if (this.#passed.length === 0) return;
    const passed = this.#passed;
    this.#passed = [];
    this.#talk.session.flush();
    if ((await Promise.all(passed)).includes(false)) this.#drop();
  }

  async #refused(words: Frame): Promise<void> {
    await this.#settlePassed();
    if (this.#dropping) return;
    this.#drop();
    await this.#talk.refuse(words);
  }

  #drop(): void {
    this.#dropping = true;
    this.#unit = [];
    this.#bound = undefined;
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
