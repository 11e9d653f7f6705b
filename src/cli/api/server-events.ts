import { StringDecoder } from 'node:string_decoder';

/** One event of a `text/event-stream`. */
export interface ServerEvent {
  readonly kind: string;
  readonly data: string;
}

const longest = 8 * 1024 * 1024;

/** Reads a stream of server-sent events (WHATWG HTML §9.2.6), as far as the daemon uses them. */
export class ServerEvents {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The events that these bytes complete. Throws RangeError for an event without end. */
  take(bytes: Uint8Array): readonly ServerEvent[] {
    this.#rest += this.#decoder.write(Buffer.from(bytes));
    const blocks = this.#rest.split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    if (this.#rest.length > longest) throw new RangeError('an event has no end');
    return blocks.flatMap((block) => eventIn(block) ?? []);
  }
}

function eventIn(block: string): ServerEvent | undefined {
  let kind = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name, value = ''] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (name === 'event') kind = value;
    if (name === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { kind, data: data.join('\n') };
}
