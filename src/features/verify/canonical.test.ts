import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../model/json.ts';
import { canonicalText, parseCanonical } from './canonical.ts';
import { linesOf, retainedCheckpoints } from './lines.ts';

describe('canonical JSON, written a second time', () => {
  it('J1: agrees with the model’s for every JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // fast-check makes half characters and -0 now and then; both have no place in an entry.
        if (!JSON.stringify(value).isWellFormed() || /\\ud[89a-f]/.test(JSON.stringify(value))) return;
        const normal = JSON.parse(JSON.stringify(value)) as Json;
        expect(canonicalText(normal)).toBe(canonicalJson(normal));
      }),
      { numRuns: 500 },
    );
    for (const value of [1e21, 1e-7, -0.1, 5e-324, 2 ** 53, { '€': 1, '\r': 2, '😀': 3, '\ufb33': 4 }]) {
      expect(canonicalText(value)).toBe(canonicalJson(value));
    }
  });

  it('J1: takes only the one way of writing a line', () => {
    expect(parseCanonical('{"a":1,"b":[null,true,"ü\\u0000"]}')).toEqual({ a: 1, b: [null, true, 'ü\0'] });
    const bad = [
      '{"a":1,"a":1}',
      '{"a":1, "b":2}',
      '{"b":1,"a":2}',
      '{"a":1.0}',
      '{"a":-0}',
      '{"a":"\\u00fc"}',
      '{"a":"\\/"}',
    ];
    bad.push(
      '{"a":1e999}',
      '{"a":"\\ud800"}',
      '[]',
      '1',
      'null',
      '',
      ' {}',
      '{}\r',
      '{"__proto__":1,"__proto__":2}',
      '\ufeff{}',
      '{',
    );
    for (const line of bad) expect(parseCanonical(line), line).toBeUndefined();
  });

  it('F3: nesting deeper than the stack is no line, and no crash', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(parseCanonical(nested(1000))).toBeDefined();
    expect(parseCanonical(nested(1_000_000))).toBeUndefined();
  });
});

describe('lines', () => {
  const split = async (chunks: readonly Uint8Array[]): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of linesOf(chunks)) lines.push(line);
    return lines;
  };

  it('J1: end at U+000A alone, wherever the chunks are cut', async () => {
    const text = 'a\u2028b\u2029c\u0085d\r\n\n“ü😀”\nlast';
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await split([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(text.split('\n'));
    }
    expect(await split([Buffer.from('one\n')])).toEqual(['one']);
    expect(await split([])).toEqual([]);
  });

  it('F3: bytes that are not UTF-8, a mark at the front and a line without end are refused or kept, never dropped', async () => {
    await expect(split([Buffer.of(0x61, 0xff, 0x0a)])).rejects.toThrow(TypeError);
    await expect(split([Buffer.of(0xc3)])).rejects.toThrow(TypeError);
    expect(await split([Buffer.from('\ufeff{}\n')])).toEqual(['\ufeff{}']);
    const chunk = Buffer.alloc(4 * 1024 * 1024, 'a');
    await expect(split(Array.from({ length: 8 }, () => chunk))).rejects.toThrow('no end');
  });

  it('a witness’s file gives its checkpoints, whatever half lines stand between them', async () => {
    const lines = ['', '{"checkpoint":"one\\n"}', '{"checkp', '{"checkpoint":7}', 'null', '{"checkpoint":"two\\n"}'];
    expect(await retainedCheckpoints(lines)).toEqual(['one\n', 'two\n']);
  });
});
