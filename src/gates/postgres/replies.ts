import { inFormats } from './statements.ts';
import { type Frame, isPermission, movedBy } from '../../contract/postgres/frames.ts';

/** Where the replies come from, and go. */
export interface RepliesParts {
  readonly say: (message: Frame) => void;
  readonly copyBegan: () => void;
  readonly settingChanged: () => void;
  /** Whether a CommandComplete is only true when the gate has committed. */
  readonly holdsTail: () => boolean;
}

/** What the client sees of the server's replies to its own frames. */
export class Replies {
  readonly #parts: RepliesParts;
  /** The last CommandComplete of what we have yet to commit. */
  #tail: Frame | undefined;
  /** What the server reports of its settings comes behind it. */
  readonly #behindTail: Frame[] = [];
  /** The server's refusal of a right: said in our words, which tell the agent to stop. */
  #permission: Frame | undefined;
  /** Replies of these types are to what the gate said itself. */
  #hushed = '';
  #offset = 0;
  /** The client has seen an error of the server's since it was last told that all is ready. */
  errorShown = false;
  /** A description that comes now is of a statement, and shown as that of a portal. */
  #formats: readonly number[] | undefined;

  constructor(parts: RepliesParts) {
    this.#parts = parts;
  }

  take(reply: Frame): void {
    const { say } = this.#parts;
    if (reply.type === 'S') this.#parts.settingChanged();
    if (this.#hushed.includes(reply.type)) return;
    if (reply.type === 'G') process.nextTick(this.#parts.copyBegan);
    if (reply.type === 'E' && !isPermission(reply)) this.errorShown = true;
    if (reply.type === 'E' && isPermission(reply)) this.#permission = { type: 'E', bytes: Buffer.from(reply.bytes) };
    else if (reply.type === 'C' && this.#parts.holdsTail()) this.#tail = reply;
    else if (reply.type === 'S' && this.#tail !== undefined)
      this.#behindTail.push({ type: 'S', bytes: Buffer.from(reply.bytes) });
    else if (reply.type === 'T' && this.#formats !== undefined) say(inFormats(reply, this.#formats));
    else if (reply.type === 'E' || reply.type === 'N') say(this.placed(reply));
    else say(reply);
  }

  /** An error or a notice whose place is counted from where the client’s whole text begins. */
  placed(words: Frame): Frame {
    return this.#offset > 0 ? movedBy(words, this.#offset) : words;
  }

  /** As `Talk.hushed`. */
  async hushed<T>(work: () => Promise<T>, types: string): Promise<T> {
    this.#hushed = types;
    try {
      return await work();
    } finally {
      this.#hushed = '';
    }
  }

  /** As `Talk.describing`. */
  async describing(formats: readonly number[], work: () => Promise<void>): Promise<void> {
    this.#formats = formats;
    try {
      await this.hushed(work, 't');
    } finally {
      this.#formats = undefined;
    }
  }

  /** As `Talk.offset`. */
  offset(characters: number): void {
    this.#offset = characters;
  }

  /** The server's refusal of a right since this was asked last, which the client has not seen. */
  takePermission(): Frame | undefined {
    const permission = this.#permission;
    this.#permission = undefined;
    return permission;
  }

  letTailGo(): void {
    if (this.#tail !== undefined) this.#parts.say(this.#tail);
    this.dropTail();
  }

  dropTail(): void {
    this.#tail = undefined;
    for (const one of this.#behindTail.splice(0)) this.#parts.say(one);
  }
}
