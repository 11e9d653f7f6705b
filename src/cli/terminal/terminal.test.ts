import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteLines } from './byte-lines.ts';
import { diffLines, hunks } from './diff.ts';
import { HiddenLine } from './hidden-line.ts';
import { asciiJson, Output } from './output.ts';
import { printPage } from './page.ts';
import { wrap } from './wrap.ts';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Control, bidi, zero-width and tag characters, lone surrogates: what must never reach a terminal as it is. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\n',
      '\r',
      '\u0007',
      '\u202e',
      '\u200b',
      '\u{e0041}',
      '\ud800',
      '\u009b',
      '\u2028',
      '\ufeff',
      'a',
      ' ',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});
// eslint-disable-next-line no-control-regex -- these are what is looked for
const raw =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]|[\ud800-\udbff](?![\udc00-\udfff])/u;

describe('what reaches the terminal', () => {
  test('H3 no line holds a control, bidi or invisible character, or a line end of somebody else’s', () => {
    fc.assert(
      fc.property(fc.array(hostile), (texts) => {
        const stdout = new Sink();
        const out = new Output({ stdout, stderr: new Sink(), json: false });
        for (const text of texts) out.line('a ', ['danger', text], text);
        expect(stdout.text).not.toMatch(raw);
        expect(stdout.text.split('\n')).toHaveLength(texts.length + 1);
      }),
    );
  });

  test('H3 JSON is plain ASCII and means the same', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const written = asciiJson({ text });
        expect(written).toMatch(/^[\u0020-\u007e]*$/);
        expect(JSON.parse(written)).toEqual({ text });
      }),
    );
  });

  test('with --json the one document is on stdout and lines are on stderr', () => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const out = new Output({ stdout, stderr, json: true });
    out.line('a line');
    out.show({ a: 1 }, () => out.line('not this'));
    expect(JSON.parse(stdout.text)).toEqual({ a: 1 });
    expect(stderr.text).toBe('a line\n');
  });
});

describe('the page', () => {
  test('H3 is wrapped and never cut: every character is there, within the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.integer({ min: 10, max: 80 }), (text, width) => {
        const lines = wrap(text, width);
        expect(lines.join('')).toBe(text);
        for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(width);
      }),
    );
  });

  test('H3 only titles stand at the margin, whatever an agent wrote', () => {
    const stdout = new Sink();
    const out = new Output({ stdout, stderr: new Sink(), json: false });
    const text = `Sign here ${'x'.repeat(500)}`;
    printPage(out, [{ title: 'The agent says (unverified)', lines: [{ text, tone: 'quoted' }] }]);
    const [title, ...rest] = stdout.text.trimEnd().split('\n');
    expect(title).toBe('The agent says (unverified)');
    expect(rest.every((line) => line.startsWith('    '))).toBe(true);
    expect(
      rest
        .map((line) => line.trim())
        .join('')
        .replaceAll(' ', ''),
    ).toBe(text.replaceAll(' ', ''));
  });
});

describe('a hidden line', () => {
  const typed = (...keys: readonly string[]): unknown => {
    const line = new HiddenLine();
    return keys.map((key) => line.take(Buffer.from(key))).at(-1);
  };

  test('takes what was typed, whatever pieces it came in', () => {
    expect(typed('pass', 'phrase\r')).toEqual({ kind: 'done', text: 'passphrase' });
    const bytes = Buffer.from('müsli\n');
    const line = new HiddenLine();
    expect([...bytes].map((byte) => line.take(Buffer.of(byte))).at(-1)).toEqual({ kind: 'done', text: 'müsli' });
  });

  test('knows backspace, ctrl-u, arrow keys, ctrl-c and ctrl-d', () => {
    expect(typed('abx\u007fc\r')).toEqual({ kind: 'done', text: 'abc' });
    expect(typed('wrong\u0015right\r')).toEqual({ kind: 'done', text: 'right' });
    expect(typed('a\u001b[D\u001b[1;5Cb\u001bOAc\r')).toEqual({ kind: 'done', text: 'abc' });
    expect(typed('abc\u0003')).toEqual({ kind: 'stopped' });
    expect(typed('\u0004')).toEqual({ kind: 'stopped' });
    expect(typed('abc')).toEqual({ kind: 'more' });
  });
});

async function gathered<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

describe('lines of bytes', () => {
  test('F3 are as many as there are, whatever chunks they came in; too long ones are counted and not kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 12 })), fc.integer({ min: 1, max: 5 }), async (texts, step) => {
        const lines = texts.map((text) => text.replaceAll('\n', ' '));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) =>
          bytes.subarray(at * step, at * step + step),
        );
        const found = await gathered(byteLines(chunks, 8));
        expect(found.map((line) => line?.toString('utf8'))).toEqual(
          lines.map((line) => (Buffer.byteLength(line) > 8 ? undefined : line)),
        );
      }),
    );
    expect(await gathered(byteLines([Buffer.from('a\nb')], 8))).toHaveLength(2);
    expect(await gathered(byteLines([], 8))).toHaveLength(0);
  });
});

describe('a difference', () => {
  test('tells both texts exactly', () => {
    const texts = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const lines = diffLines(before, after);
        const of = (kind: string): string =>
          lines
            .filter((line) => line.kind !== kind)
            .map((line) => `${line.text}\n`)
            .join('');
        expect(of('new')).toBe(before);
        expect(of('gone')).toBe(after);
      }),
    );
  });

  test('leaves out only what stayed', () => {
    const before = Array.from({ length: 40 }, (_, line) => `line ${line}`).join('\n');
    const shown = hunks(diffLines(before, before.replace('line 20', 'line twenty')));
    expect(shown.filter((line) => line !== undefined && line.kind !== 'same')).toHaveLength(2);
    expect(shown.length).toBeLessThan(12);
  });
});
