import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BrokenFrame,
  clientBounds,
  columns,
  cstring,
  fields,
  frame,
  Framer,
  FrameReader,
  int16,
  int32,
  saying,
  startupFrame,
  startupParameters,
} from './frames.ts';

const type = fc.constantFrom('Q', 'P', 'B', 'D', 'E', 'C', 'H', 'S', 'X', 'd', 'c', 'f', 'p', 'F');
const message = fc.tuple(type, fc.uint8Array({ maxLength: 300 })).map(([kind, body]) => frame(kind, body));

describe('cutting a stream into messages', () => {
  test('F3: whatever the pieces it comes in, the messages are the same', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 40 })), (messages, cuts) => {
        const stream = Buffer.concat(messages.map((one) => one.bytes));
        const framer = new Framer(clientBounds, false);
        const found = pieces(stream, cuts).flatMap((piece) => framer.push(piece));
        expect(found.map((one) => [one.type, one.bytes.toString('hex')])).toEqual(
          messages.map((one) => [one.type, one.bytes.toString('hex')]),
        );
        expect(framer.held).toBe(0);
      }),
    );
  });

  test('an untyped packet comes first, and again where it is expected', () => {
    const framer = new Framer(clientBounds, true);
    const packet = startupFrame(80_877_103, new Map()).bytes.subarray(0, 8);
    packet.writeInt32BE(8, 0);
    expect(framer.push(Buffer.from(packet))).toMatchObject([{ type: '' }]);
    framer.expectUntyped();
    const start = startupFrame(196_608, new Map([['user', 'a']]));
    expect(framer.push(Buffer.concat([start.bytes, frame('S').bytes])).map((one) => one.type)).toEqual(['', 'S']);
  });

  test('F3: what came before it was asked for is refused (bytes smuggled in front of TLS)', () => {
    const framer = new Framer(clientBounds, true);
    framer.push(Buffer.from([0, 0]));
    expect(() => framer.expectUntyped()).toThrow(BrokenFrame);
  });

  test.each([-1, 0, 3, 0x7fffffff, clientBounds.message])(
    'F3: an impossible length is refused at once: %i',
    (length) => {
      const head = Buffer.concat([Buffer.from('Q'), int32(length)]);
      expect(() => new Framer(clientBounds, false).push(head)).toThrow(BrokenFrame);
    },
  );

  test('F3: a start-up packet is small', () => {
    expect(() => new Framer(clientBounds, true).push(int32(10_001))).toThrow(BrokenFrame);
  });
});

describe('reading a message', () => {
  test('gives its parts, and all of them', () => {
    const reader = new FrameReader(frame('B', cstring('p'), int16(2), int32(-1), int32(2), Buffer.from('ab')));
    expect([reader.text(), reader.count(), reader.value(), reader.value()]).toEqual(['p', 2, null, Buffer.from('ab')]);
    reader.end();
  });

  test.each<[string, (reader: FrameReader) => unknown, Buffer]>([
    ['a text without an end', (reader) => reader.text(), Buffer.from('abc')],
    ['a text that is not UTF-8', (reader) => reader.text(), Buffer.from([0xff, 0])],
    ['a value longer than the message', (reader) => reader.value(), int32(9)],
    ['a value of negative length', (reader) => reader.value(), int32(-2)],
    ['a number cut short', (reader) => reader.int32(), Buffer.from([1])],
    ['more than was read', (reader) => reader.end(), Buffer.from([1])],
  ])('F3: refuses %s', (_, read, body) => {
    expect(() => read(new FrameReader(frame('B', body)))).toThrow(BrokenFrame);
  });

  test('F3: any bytes are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        for (const read of [columns, startupParameters]) {
          try {
            read(frame('D', body));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(BrokenFrame);
          }
        }
      }),
    );
  });

  test('F3: a start-up parameter given twice is refused', () => {
    const twice = frame(
      '',
      int32(196_608),
      cstring('user'),
      cstring('a'),
      cstring('user'),
      cstring('b'),
      Buffer.alloc(1),
    );
    expect(() => startupParameters(twice)).toThrow('twice');
  });
});

test('what we say reads as the server would have said it, without NULs', () => {
  const said = saying({ severity: 'ERROR', code: 'HP001', message: 'held\0 x', detail: 'd', hint: 'h' });
  expect(said.type).toBe('E');
  expect(Object.fromEntries(fields(said))).toEqual({
    S: 'ERROR',
    V: 'ERROR',
    C: 'HP001',
    M: 'held x',
    D: 'd',
    H: 'h',
  });
  expect(() => cstring('a\0b')).toThrow(BrokenFrame);
});

function pieces(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (const cut of cuts) {
    found.push(stream.subarray(at, at + cut));
    at = Math.min(at + cut, stream.length);
  }
  return [...found, stream.subarray(at)];
}
