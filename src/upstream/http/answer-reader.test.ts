import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerBroken } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';

interface Told {
  readonly status: number | undefined;
  readonly headers: unknown;
  readonly body: string;
  readonly whole: boolean;
  readonly reusable: boolean | undefined;
}

/** Feeds pieces, then the end where the answer is not whole by then. */
function read(pieces: readonly (string | Buffer)[], method = 'POST', limit = 1_000): Told {
  const reader = new AnswerReader(method, limit);
  let whole = false;
  for (const piece of pieces) {
    if (whole) throw new AnswerBroken('bytes came behind the answer');
    whole = reader.take(Buffer.from(piece as string, 'latin1'));
  }
  if (!whole) whole = reader.end();
  const { head } = reader;
  return {
    status: head?.status,
    headers: head?.headers,
    body: reader.body().toString('latin1'),
    whole,
    reusable: head?.reusable,
  };
}

const ok = 'HTTP/1.1 200 OK\r\n';
const answers: readonly (readonly [string, string, Partial<Told>, string?])[] = [
  ['a length', `${ok}Content-Length: 2\r\n\r\nab`, { status: 200, body: 'ab', reusable: true }],
  ['no reason', 'HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n', { status: 404, body: '', reusable: true }],
  ['not even its blank', 'HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n', { status: 404 }],
  [
    'blanks around a value',
    `${ok}x: \t a b\t \r\ncontent-length:0\r\n\r\n`,
    {
      headers: [
        ['x', 'a b'],
        ['content-length', '0'],
      ],
    },
  ],
  [
    'chunks',
    `${ok}Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    { body: 'a0123456789', reusable: true },
  ],
  [
    'chunks with trailers',
    `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\nz: \r\n\r\n`,
    { body: 'a', reusable: true },
  ],
  ['until the end', `${ok}x: y\r\n\r\nabc`, { body: 'abc', reusable: false }],
  ['of 1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na', { body: 'a', reusable: false }],
  ['that closes', `${ok}connection: x, Close\r\ncontent-length: 1\r\n\r\na`, { body: 'a', reusable: false }],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', reusable: true }],
  ['204 that announces a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n', { body: '', reusable: false }],
  [
    '304 with the length of what it spares',
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n',
    { body: '', reusable: true },
  ],
  ['to a HEAD', `${ok}content-length: 3\r\n\r\n`, { body: '', reusable: true }, 'HEAD'],
  [
    'after early hints',
    `HTTP/1.1 103 Early\r\nlink: x\r\n\r\n${ok}content-length: 1\r\n\r\na`,
    { status: 200, body: 'a' },
  ],
  ['after 100', `HTTP/1.1 100 Continue\r\n\r\n${ok}content-length: 1\r\n\r\na`, { status: 200, body: 'a' }],
];

const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const broken: readonly (readonly [string, string, string?])[] = [
  ['nothing', ''],
  ['garbage', 'nothing like http\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\ncontent-length: 0\r\n\r\n'],
  ['lower case', 'http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
  ['status 600', 'HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n'],
  ['status 099', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n'],
  ['two blanks', 'HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['an empty line before', `\r\n${ok}content-length: 0\r\n\r\n`],
  ['LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['LF within', `${ok}x: y\ncontent-length: 0\r\n\r\n`],
  ['CR within', `${ok}x: y\rcontent-length: 0\r\n\r\n`],
  ['NUL', `${ok}x: y\0\r\ncontent-length: 0\r\n\r\n`],
  ['a control character', `${ok}x: \x1b\r\ncontent-length: 0\r\n\r\n`],
  ['a folded line', `${ok}x: y\r\n z\r\ncontent-length: 0\r\n\r\n`],
  ['a blank before the colon', `${ok}content-length : 0\r\n\r\n`],
  ['a blank before the name', `${ok} content-length: 0\r\n\r\n`],
  ['no colon', `${ok}content-length\r\n\r\n`],
  ['no name', `${ok}: x\r\ncontent-length: 0\r\n\r\n`],
  ['a name with a blank', `${ok}a b: x\r\ncontent-length: 0\r\n\r\n`],
  ['two lengths', `${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nab`],
  ['one length twice', `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nab`],
  ['a list of lengths', `${ok}content-length: 2, 2\r\n\r\nab`],
  ['a length with a sign', `${ok}content-length: +2\r\n\r\nab`],
  ['a length below zero', `${ok}content-length: -2\r\n\r\nab`],
  ['a length in hex', `${ok}content-length: 0x2\r\n\r\nab`],
  ['an empty length', `${ok}content-length: \r\n\r\n`],
  ['a length beyond all', `${ok}content-length: 99999999999999999999\r\n\r\nab`],
  ['a length beyond the bound', `${ok}content-length: 1001\r\n\r\nab`],
  ['length and chunks', `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks and length', `${ok}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`],
  ['chunks twice', `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['another coding', `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a coding of no meaning', `${ok}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['chunks of 1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['an upgrade', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
  ['too many interim answers', `${'HTTP/1.1 103 Early\r\n\r\n'.repeat(17)}${ok}content-length: 0\r\n\r\n`],
  ['an interim answer with a body', `HTTP/1.1 103 Early\r\ncontent-length: 2\r\n\r\nab${ok}content-length: 0\r\n\r\n`],
  ['only an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['a head beyond the bound', `${ok}x: ${'y'.repeat(20_000)}\r\n\r\n`],
  ['headers beyond number', `${ok}${'x: y\r\n'.repeat(300)}content-length: 0\r\n\r\n`],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['half a body', `${ok}content-length: 5\r\n\r\nab`],
  ['more than it says', `${ok}content-length: 2\r\n\r\nabc`],
  ['a second answer', `${ok}content-length: 0\r\n\r\n${ok}content-length: 0\r\n\r\n`],
  ['a body of 204', 'HTTP/1.1 204 No Content\r\n\r\nab'],
  ['a body of a HEAD', `${ok}content-length: 2\r\n\r\nab`, 'HEAD'],
  ['more than is read until the end', `${ok}\r\n${'y'.repeat(1_001)}`],
  ['more than is read in chunks', `${chunked}3e9\r\n${'y'.repeat(1_001)}\r\n0\r\n\r\n`],
  ['half a chunk', `${chunked}5\r\nab`],
  ['no last chunk', `${chunked}2\r\nab\r\n`],
  ['no end of trailers', `${chunked}2\r\nab\r\n0\r\n`],
  ['a chunk longer than it says', `${chunked}1\r\nab\r\n0\r\n\r\n`],
  ['a chunk size with a sign', `${chunked}+2\r\nab\r\n0\r\n\r\n`],
  ['a chunk size in 0x', `${chunked}0x2\r\nab\r\n0\r\n\r\n`],
  ['a chunk size beyond all', `${chunked}fffffffff\r\nab\r\n0\r\n\r\n`],
  ['an empty chunk size', `${chunked}\r\nab\r\n0\r\n\r\n`],
  ['a chunk extension', `${chunked}2;a=b\r\nab\r\n0\r\n\r\n`],
  ['a blank behind a chunk size', `${chunked}2 \r\nab\r\n0\r\n\r\n`],
  ['a chunk size with LF alone', `${chunked}2\nab\r\n0\r\n\r\n`],
  ['a chunk with LF alone', `${chunked}2\r\nab\n0\r\n\r\n`],
  ['a trailer that is none', `${chunked}0\r\nno colon\r\n\r\n`],
  ['trailers beyond measure', `${chunked}0\r\n${`x: ${'y'.repeat(1_000)}\r\n`.repeat(30)}\r\n`],
  ['bytes behind the chunks', `${chunked}0\r\n\r\nx`],
];

describe('an answer that can be read in one way only', () => {
  test.each(answers.map(([what, text, told, method]) => ({ what, text, told, method })))('F3: $what', (one) => {
    const { text, told, method } = one;
    expect(read([text], method)).toMatchObject({ whole: true, ...told });
  });

  test('F3: however its bytes are cut, it says the same (property)', () => {
    fc.assert(
      fc.property(fc.constantFrom(...answers), fc.array(fc.nat(200), { maxLength: 8 }), (answer, cuts) => {
        const [, text, , method] = answer;
        const points = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = points.slice(1).map((end, at) => text.slice(points[at], end));
        // An empty piece never comes from a socket.
        expect(
          read(
            pieces.filter((piece) => piece !== ''),
            method,
          ),
        ).toEqual(read([text], method));
      }),
      { numRuns: 500 },
    );
  });
});

describe('an answer that cannot', () => {
  test.each(broken.map(([what, text, method]) => ({ what, text, method })))('F3 K5: $what is refused', (one) => {
    const { text, method } = one;
    expect(() => read([text], method)).toThrow(AnswerBroken);
    expect(() => read(text.split(''), method)).toThrow(AnswerBroken);
  });

  test('F3: whatever comes, it is refused or it is one answer (property)', () => {
    const changed = fc
      .tuple(fc.constantFrom(...answers), fc.nat(200), fc.string({ unit: 'binary', maxLength: 3 }), fc.boolean())
      .map(([[, text], at, put, over]) => text.slice(0, at) + put + text.slice(over ? at + put.length : at));
    fc.assert(
      fc.property(fc.oneof(changed, fc.string({ unit: 'binary' })), (text) => {
        try {
          const { status, body } = read([Buffer.from(text, 'latin1')]);
          expect(status).toBeGreaterThanOrEqual(200);
          expect(text.startsWith('HTTP/1.')).toBe(true);
          expect(body.length).toBeLessThan(text.length);
        } catch (thrown) {
          if (!(thrown instanceof AnswerBroken)) throw thrown;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
