import { styleText } from 'node:util';
import { visible } from '../../model/visible.ts';

export type Tone = 'plain' | 'strong' | 'good' | 'warning' | 'danger' | 'faint' | 'quoted';

/** A piece of a line: plain, or with its tone. */
export type Piece = string | readonly [tone: Tone, text: string];

const formats: { readonly [tone in Tone]: Parameters<typeof styleText>[0] | undefined } = {
  plain: undefined,
  strong: 'bold',
  good: 'green',
  warning: 'yellow',
  danger: ['bold', 'red'],
  faint: 'dim',
  quoted: 'italic',
};

/** Where lines go. `isTTY` and `NO_COLOR` decide about colour. */
export type Sink = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * The one place that writes to the terminal. Every piece passes `visible` before it is coloured, so that nothing that an
 * agent or a provider wrote can move the cursor, hide, or begin a line of its own.
 */
export class Output {
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  /** With `--json`: one JSON document on stdout, lines on stderr. */
  readonly json: boolean;

  constructor(streams: { readonly stdout: Sink; readonly stderr: Sink; readonly json: boolean }) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.json = streams.json;
  }

  /** Characters in a line of the terminal; 100 where there is none. */
  get columns(): number {
    return Math.max(40, this.#stdout.columns ?? 100);
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** A line of the answer. */
  line(...pieces: readonly Piece[]): void {
    const sink = this.json ? this.#stderr : this.#stdout;
    sink.write(`${this.#styled(sink, pieces)}\n`);
  }

  /** A line about the work, beside the answer. */
  note(...pieces: readonly Piece[]): void {
    this.#stderr.write(`${this.#styled(this.#stderr, pieces)}\n`);
  }

  /** With `--json` the value, else what `lines` writes. */
  show(value: unknown, lines: () => void): void {
    if (this.json) this.#stdout.write(`${asciiJson(value, 2)}\n`);
    else lines();
  }

  /** One JSON value on one line of stdout. */
  jsonLine(value: unknown): void {
    this.#stdout.write(`${asciiJson(value)}\n`);
  }

  /** Bytes of ours that are meant for a file or a pipe, as they are: a script, an export. */
  raw(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  #styled(sink: Sink, pieces: readonly Piece[]): string {
    return pieces
      .map((piece) => {
        const [tone, text] = typeof piece === 'string' ? (['plain', piece] as const) : piece;
        const format = formats[tone];
        const safe = visible(text);
        return format === undefined ? safe : styleText(format, safe, { stream: sink as NodeJS.WriteStream });
      })
      .join('');
  }
}

/** JSON in which every character beyond ASCII is an escape, so that it can be read in a terminal safely. */
export function asciiJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'null';
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
