import { refusalFrame } from './says.ts';
import { type ClientPortal, describeStatementFrame, namedPart, parseParts } from './statements.ts';
import type { Talk } from './talk.ts';
import { frame, type Frame } from '../../contract/postgres/frames.ts';
import { postgresMessage } from '../../model/postgres-message.ts';
import { Refused } from '../../model/refusal.ts';

export const bindComplete = frame('2');
export const noData = frame('n');

/** What goes ahead of an Execute. */
export interface Binding {
  readonly frames: readonly Frame[];
  /** The client has seen its Bind answered. */
  readonly promised: boolean;
}

/**
 * The extended protocol's messages on their way to the server, and what the gate says itself in its turn between the
 * server's replies. Once something failed or was refused, nothing goes out before the next Sync, as the server would have it.
 */
export class Outgoing {
  readonly #talk: Talk;
  /** On their way: they say nothing yet. */
  #unit: Frame[] = [];
  #bound: ClientPortal | undefined;
  /** Bound as far as the client knows; the server hears of it with the Execute, when it has been judged. */
  readonly #promised = new Map<string, Frame>();
  #passed: Promise<boolean>[] = [];
  #dropping = false;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  get dropping(): boolean {
    return this.#dropping;
  }

  /** Nothing waits, and nothing is dropped. */
  get idle(): boolean {
    return !this.#dropping && this.#passed.length + this.#unit.length === 0;
  }

  /** Nothing of what waits is said, and what comes is heard again. */
  begin(): void {
    this.#dropping = false;
    this.#unit = [];
    this.#bound = undefined;
  }

  /** All that comes before the next Sync is dropped. */
  drop(): void {
    this.begin();
    this.#dropping = true;
  }

  /** Waits with the unit that it belongs to. */
  async add(message: Frame): Promise<void> {
    // What was only prepared or described goes ahead of the next Parse.
    if (message.type === 'P' || (message.type === 'B' && this.#bound !== undefined)) await this.send();
    if (!this.#dropping) this.#unit.push(message);
  }

  async addBind(message: Frame, portal: ClientPortal): Promise<void> {
    await this.add(message);
    if (!this.#dropping) this.#bound = portal;
  }

  isPromised(portal: string): boolean {
    return this.#promised.has(portal);
  }

  /** The server need not hear of a Bind any more; false where none was promised. */
  forget(portal: string): boolean {
    return this.#promised.delete(portal);
  }

  /** Portals end with their transaction. */
  transactionEnded(): void {
    this.#promised.clear();
  }

  /** Hands out what the Execute of this portal goes behind; undefined where it is not bound. */
  async binding(portal: ClientPortal): Promise<Binding | undefined> {
    const promised = this.#promised.get(portal.name);
    if (promised !== undefined || this.#bound !== portal) await this.send();
    if (promised === undefined && this.#bound !== portal) return undefined;
    const frames = promised === undefined ? this.#unit : [promised];
    if (promised === undefined) this.#unit = [];
    this.#bound = undefined;
    this.#promised.delete(portal.name);
    return { frames, promised: promised !== undefined };
  }

  /**
   * What waits and runs nothing goes out by itself. A portal that is not run by now is only promised: binding alone can
   * run code of the database, and what is to be judged is the whole of it.
   */
  async send(): Promise<void> {
    const unit = this.#unit;
    const bound = this.#bound;
    this.#unit = [];
    this.#bound = undefined;
    for (const message of unit) {
      if (this.#dropping) return;
      if (bound !== undefined && message.type === 'B') {
        this.#promised.set(bound.name, message);
        await this.say(bindComplete);
      } else if (bound !== undefined && message.type === 'D' && namedPart(message).kind === 'portal')
        await this.describePromised(bound);
      else if (message.type !== 'P' || (await this.#mayParse(message))) this.pass(message);
    }
  }

  /** The rows of a portal are those of its statement, in the formats that it was bound for. */
  async describePromised(portal: ClientPortal): Promise<void> {
    await this.send();
    await this.settle();
    if (this.#dropping) return;
    const described = describeStatementFrame(portal.statement.name);
    await this.#talk.describing(portal.results, async () => {
      this.pass(described);
      await this.settle();
    });
  }

  pass(message: Frame): void {
    this.#passed.push(this.#talk.session.pass(message));
  }

  /** What we say ourselves comes behind all that the server still has to say. */
  async say(word: Frame): Promise<void> {
    await this.send();
    await this.settle();
    if (!this.#dropping) this.#talk.say(word);
  }

  /** Waits for the server's replies to all that went out. */
  async settle(): Promise<void> {
    if (this.#passed.length === 0) return;
    const passed = this.#passed;
    this.#passed = [];
    this.#talk.session.flush();
    if ((await Promise.all(passed)).includes(false)) this.drop();
  }

  async refuse(words: Frame): Promise<void> {
    await this.settle();
    if (this.#dropping) return;
    this.drop();
    await this.#talk.refuse(words);
  }

  /** Even what is only prepared has its literals made into values, by code of their types. */
  async #mayParse(message: Frame): Promise<boolean> {
    await this.settle();
    if (this.#dropping) return false;
    const { text, types } = parseParts(message);
    if (this.#talk.peek(text)?.[0]?.class === 'frame') return true;
    try {
      await this.#talk.transaction.mayParse({ ...postgresMessage(this.#talk.target, 'statement', text), types });
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      await this.refuse(refusalFrame(thrown.refusal));
      return false;
    }
  }
}
