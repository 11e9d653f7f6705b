/** What a far side may send instead of an answer. */
export interface HostileAnswer {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Stands in what no agent may ever be shown as an answer. */
export const marker = 'EVIL-4f1c';

/** Answers that two readers would read differently, or that have no end. Each holds the marker where a body would be. */
export function hostileAnswers(): readonly HostileAnswer[] {
  const body = `{"data":{"regions":[{"name":"${marker}"}]}}`;
  const ok = 'HTTP/1.1 200 OK\r\n';
  const type = 'content-type: application/json\r\n';
  const length = `content-length: ${body.length}\r\n`;
  const chunked = 'transfer-encoding: chunked\r\n';
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const whole = `${ok}${type}${length}\r\n${body}`;
  const forms: readonly (readonly [id: string, text: string])[] = [
    ['another protocol', `ICY 200 OK\r\n${type}${length}\r\n${body}`],
    ['HTTP/0.9', body],
    ['HTTP/1.2', whole.replace('1.1', '1.2')],
    ['HTTP/2 in words', whole.replace('HTTP/1.1', 'HTTP/2')],
    ['small letters', whole.replace('HTTP', 'http')],
    ['no status', whole.replace(' 200 OK', '')],
    ['status 99', whole.replace('200', '99')],
    ['status 600', whole.replace('200', '600')],
    ['signed status', whole.replace('200', '+200')],
    ['bare LF', whole.replaceAll('\r\n', '\n')],
    ['bare CR', whole.replaceAll('\r\n', '\r')],
    ['an empty line first', `\r\n${whole}`],
    ['noise first', `\0\0${whole}`],
    ['LF within', `${ok}x: y\n${type}${length}\r\n${body}`],
    ['NUL within', `${ok}x: y\0z\r\n${type}${length}\r\n${body}`],
    ['folded', `${ok}x: y\r\n\tz\r\n${type}${length}\r\n${body}`],
    ['folded length', `${ok}${type}content-length:\r\n ${body.length}\r\n\r\n${body}`],
    ['blank before the colon', `${ok}${type}content-length : ${body.length}\r\n\r\n${body}`],
    ['no colon', `${ok}nothing\r\n${type}${length}\r\n${body}`],
    ['no name', `${ok}: x\r\n${type}${length}\r\n${body}`],
    ['two lengths', `${ok}${type}${length}content-length: 2\r\n\r\n${body}`],
    ['one length twice', `${ok}${type}${length}${length}\r\n${body}`],
    ['a list of lengths', `${ok}${type}content-length: ${body.length}, ${body.length}\r\n\r\n${body}`],
    ['a signed length', `${ok}${type}content-length: +${body.length}\r\n\r\n${body}`],
    ['a hexadecimal length', `${ok}${type}content-length: 0x${body.length.toString(16)}\r\n\r\n${body}`],
    ['an empty length', `${ok}${type}content-length:\r\n\r\n${body}`],
    ['a length beyond all', `${ok}${type}content-length: 99999999999999999999\r\n\r\n${body}`],
    ['a length beyond memory', `${ok}${type}content-length: 99999999999\r\n\r\n${body}`],
    ['too short a length', `${ok}${type}content-length: 5\r\n\r\n${body}`],
    ['length and chunks', `${ok}${type}${length}${chunked}\r\n${chunks}`],
    ['chunks and length', `${ok}${type}${chunked}${length}\r\n${body}`],
    ['chunks twice', `${ok}${type}${chunked}${chunked}\r\n${chunks}`],
    ['two codings', `${ok}${type}transfer-encoding: gzip, chunked\r\n\r\n${chunks}`],
    ['no coding', `${ok}${type}transfer-encoding: identity\r\n\r\n${body}`],
    ['a coding of no meaning', `${ok}${type}transfer-encoding: xchunked\r\n\r\n${chunks}`],
    ['a coding with a control', `${ok}${type}transfer-encoding:\x0bchunked\r\n\r\n${chunks}`],
    ['chunks of 1.0', `HTTP/1.0 200 OK\r\n${type}${chunked}\r\n${chunks}`],
    ['a chunk size in 0x', `${ok}${type}${chunked}\r\n0x${chunks}`],
    ['a signed chunk size', `${ok}${type}${chunked}\r\n+${chunks}`],
    ['a chunk size beyond all', `${ok}${type}${chunked}\r\nfffffffffffffff${chunks}`],
    ['a chunk extension', `${ok}${type}${chunked}\r\n${chunks.replace('\r\n', ';a=b\r\n')}`],
    ['chunks that end in LF', `${ok}${type}${chunked}\r\n${chunks.replaceAll('\r\n', '\n')}`],
    ['a chunk longer than it says', `${ok}${type}${chunked}\r\n5\r\n${body}\r\n0\r\n\r\n`],
    ['a chunk size without end', `${ok}${type}${chunked}\r\n${'0'.repeat(20_000)}`],
    ['a trailer that is none', `${ok}${type}${chunked}\r\n${chunks.slice(0, -2)}nothing\r\n\r\n`],
    ['trailers without end', `${ok}${type}${chunked}\r\n${chunks.slice(0, -2)}${'x: y\r\n'.repeat(20_000)}`],
    ['bytes behind the chunks', `${ok}${type}${chunked}\r\n${chunks}${whole}`],
    [
      'a second answer',
      whole.replace(body, '{"data":{}}').replace(/content-length: \d+/, 'content-length: 11') + whole,
    ],
    ['a body of 204', whole.replace('200 OK', '204 No Content')],
    ['an upgrade', `HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n${body}`],
    ['interim answers without end', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(5_000)],
    ['interim answers before it', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)}${whole}`],
    ['an interim answer with a length', `HTTP/1.1 103 Early\r\n${length}\r\n${whole}`],
    ['a header without end', `${ok}x: ${'y'.repeat(200_000)}`],
    ['a status line without end', `HTTP/1.1 200 ${'O'.repeat(200_000)}`],
    ['headers beyond number', `${ok}${'x: y\r\n'.repeat(2_000)}${type}${length}\r\n${body}`],
    ['a packed body that is none', `${ok}${type}content-encoding: gzip\r\n${length}\r\n${body}`],
    ['a packing nobody knows', `${ok}${type}content-encoding: compress\r\n${length}\r\n${body}`],
    ['packed twice', `${ok}${type}content-encoding: gzip, gzip\r\n${length}\r\n${body}`],
  ];
  return forms.map(([id, text]) => ({ id, bytes: Buffer.from(text, 'latin1') }));
}
