import type { EntryDraft } from '../../model/entry.ts';

/** Whether the journal can be written, and the telling of it afterwards: once an outage, by the first write that holds. */
export class Outage {
  #since: string | undefined;
  #cause = '';
  #telling = false;

  get lasts(): boolean {
    return this.#since !== undefined;
  }

  begin(since: string, cause: unknown): void {
    if (this.#since !== undefined) return;
    this.#since = since;
    this.#cause = cause instanceof Error ? cause.message.slice(0, 500).toWellFormed() : 'no reason given';
  }

  /** The entry that the coming write has to begin with; undefined when there is no outage, or another write tells of it. */
  tell(): EntryDraft | undefined {
    if (this.#since === undefined || this.#telling) return undefined;
    this.#telling = true;
    return { kind: 'alarmed', body: { about: 'journal', since: this.#since, reason: this.#cause } };
  }

  /** The write that told of it is over. */
  told(durable: boolean): void {
    this.#telling = false;
    if (durable) this.#since = undefined;
  }
}
