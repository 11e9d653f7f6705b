import { styleText } from 'node:util';

export type Tone = 'plain' | 'dim' | 'good' | 'bad' | 'warn' | 'strong';

const styles: { readonly [tone in Tone]: Parameters<typeof styleText>[0] } = {
  plain: 'reset',
  dim: 'dim',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  strong: 'bold',
};

/** Where the demo is told: a coloured timeline in a terminal, plain lines elsewhere. */
export class Stage {
  readonly plain: boolean;
  readonly #write: (text: string) => void;
  readonly #start = performance.now();
  /** Lines of work under way, the newest last; shown live in a terminal only. */
  readonly #working = new Map<symbol, string>();
  #live = false;
  #scene = performance.now();

  constructor(plain: boolean, write: (text: string) => void) {
    this.plain = plain;
    this.#write = write;
  }

  /** Milliseconds since the demo began. */
  get elapsed(): number {
    return performance.now() - this.#start;
  }

  /** Begins a scene: the timeline counts from here. */
  scene(title: string, text: string): void {
    this.#scene = performance.now();
    this.#line('');
    this.#line(`${this.paint('strong', title)}  ${text}`);
  }

  /** Lets the timeline count from now. */
  restart(): void {
    this.#scene = performance.now();
  }

  /** One line of the timeline, at the time it happens or at the one given (milliseconds into the scene). */
  tell(who: string, text: string, tone: Tone = 'plain', at: number = performance.now() - this.#scene): void {
    const [first = '', ...more] = text.split('\n');
    this.#line(`${this.paint('dim', seconds(at))}  ${who.padEnd(9)} ${this.paint(tone, first)}`);
    for (const line of more) this.#line(`${' '.repeat(20)}${this.paint(tone, line)}`);
  }

  /** A line of its own, indented under the one before. */
  under(text: string, tone: Tone = 'dim'): void {
    for (const line of text.split('\n')) this.#line(`            ${this.paint(tone, line)}`);
  }

  say(text: string, tone: Tone = 'plain'): void {
    for (const line of text.split('\n')) this.#line(this.paint(tone, line));
  }

  /** Long work: named when it begins, told again with its time when it is done. */
  async work<T>(what: string, doing: (progress: (text: string) => void) => Promise<T>): Promise<T> {
    const key = Symbol(what);
    const began = performance.now();
    const show = (text: string): void => {
      this.#working.set(key, text);
      this.#draw();
    };
    if (this.plain) this.#line(`… ${what}`);
    show(what);
    try {
      const result = await doing((text) => show(`${what}: ${text}`));
      this.#working.delete(key);
      this.#line(
        `${this.paint('good', '✓')} ${what} ${this.paint('dim', `(${seconds(performance.now() - began).trim()})`)}`,
      );
      return result;
    } finally {
      this.#working.delete(key);
      this.#draw();
    }
  }

  paint(tone: Tone, text: string): string {
    if (this.plain || tone === 'plain' || text === '') return text;
    return styleText(styles[tone], text, { validateStream: false });
  }

  /** Ends what moves, so that the terminal is left as it was found. */
  end(): void {
    this.#working.clear();
    this.#wipe();
  }

  #line(text: string): void {
    this.#wipe();
    this.#write(`${text}\n`);
    this.#draw();
  }

  #draw(): void {
    if (this.plain) return;
    this.#wipe();
    const [newest] = [...this.#working.values()].slice(-1);
    if (newest === undefined) return;
    this.#live = true;
    this.#write(this.paint('dim', `… ${newest}`.slice(0, 100)));
  }

  #wipe(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#write('\r\u001b[2K');
  }
}

/** ` 0.4 s`, six characters wide. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`.padStart(7);
}
