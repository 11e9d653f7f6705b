import { expect, test } from 'vitest';
import { httpAnswer } from './http-message.ts';

const content = { status: 200, headers: [['content-type', 'text/plain']], body: Uint8Array.of(1) };

test('an HTTP answer is read as it is', () => {
  expect(httpAnswer({ protocol: 'http', content })).toEqual(content);
});

test.each([
  ['another protocol', 'toy', content],
  ['nothing', 'http', undefined],
  ['no status', 'http', { ...content, status: '200' }],
  ['a body of text', 'http', { ...content, body: 'x' }],
  ['headers that are none', 'http', { ...content, headers: [['content-type']] }],
  ['headers that are no list', 'http', { ...content, headers: {} }],
])('F1: %s is no HTTP answer', (_what, protocol, given) => {
  expect(() => httpAnswer({ protocol, content: given })).toThrow(TypeError);
});
