/** What became of a line after some bytes of it were typed. */
export type Typed =
  | { readonly kind: 'more' }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'stopped' };

const longest = 4_096;

/**
 * A line as it is typed into a terminal that does not echo. Backspace takes the last character away, Ctrl-U all of them,
 * Ctrl-C and Ctrl-D (on an empty line) stop. Other control characters and escape sequences are no part of it.
 */
export class HiddenLine {
  readonly #decoder = new TextDecoder('utf-8');
  #characters: string[] = [];
  #escaped: 'no' | 'begun' | 'sequence' = 'no';

  /** What was typed so far. */
  get text(): string {
    return this.#characters.join('');
  }

  /** Takes more bytes. What follows the end of the line in the same bytes is thrown away. */
  take(bytes: Uint8Array): Typed {
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      if (this.#inEscape(character)) continue;
      if (character === '\r' || character === '\n') return { kind: 'done', text: this.text };
      if (character === '\u0003') return { kind: 'stopped' };
      if (character === '\u0004') {
        if (this.#characters.length === 0) return { kind: 'stopped' };
      } else if (character === '\u0008' || character === '\u007f') this.#characters.pop();
      else if (character === '\u0015') this.#characters = [];
      else if (character === '\u001b') this.#escaped = 'begun';
      else if (character >= ' ' && this.#characters.length < longest) this.#characters.push(character);
    }
    return { kind: 'more' };
  }

  /** Arrow keys and their kin: ESC [ … letter, or ESC and one character. */
  #inEscape(character: string): boolean {
    if (this.#escaped === 'no') return false;
    if (this.#escaped === 'begun') this.#escaped = character === '[' || character === 'O' ? 'sequence' : 'no';
    else if (/[@-~]/.test(character)) this.#escaped = 'no';
    return true;
  }
}
