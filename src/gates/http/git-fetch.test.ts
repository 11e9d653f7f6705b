import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asksToPush, isFetchBody, isFetchRequest } from './git-fetch.ts';

const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
const id = 'a'.repeat(40);

test.each([
  ['a probe', '0000', true],
  [
    'version 0',
    `${line(`want ${id} multi_ack agent=git/2.53\n`)}${line(`want ${id}\n`)}0000${line(`have ${id}\n`)}${line('done\n')}`,
    true,
  ],
  ['version 2, refs', `${line('command=ls-refs\n')}${line('agent=git/2.53')}0001${line('peel\n')}0000`, true],
  ['version 2, objects', `${line('command=fetch')}0001${line(`want ${id}\n`)}0000`, true],
  ['nothing', '', false],
  ['a push', `${line(`${id} ${'0'.repeat(40)} refs/heads/main\0report-status\n`)}0000PACK`, false],
  ['another command', `${line('command=delete\n')}0000`, false],
  ['a command and more', `${line('command=fetch-and-delete\n')}0000`, false],
  ['two flushes', '00000000', false],
  ['JSON', '{"a":1}', false],
  ['bytes after the end', `${line(`want ${id}\n`)}0000xx`, false],
  ['a length beyond the end', 'ffffwant', false],
  ['length three', '0003', false],
  ['capital digits', '000Awant', false],
  ['haves only', `${line(`have ${id}\n`)}0000`, false],
])('K5: %s', (_what, text, fetches) => {
  expect(isFetchBody(Buffer.from(text, 'latin1'))).toBe(fetches);
});

test('K2: only the request line and the content type of a fetch', () => {
  const type = 'application/x-git-upload-pack-request';
  expect(isFetchRequest('POST', '/a/b.git/git-upload-pack', '', type)).toBe(true);
  expect(isFetchRequest('PUT', '/a/b.git/git-upload-pack', '', type)).toBe(false);
  expect(isFetchRequest('POST', '/a/b.git/git-receive-pack', '', type)).toBe(false);
  expect(isFetchRequest('POST', '/a/b.git/git-upload-pack', '?a', type)).toBe(false);
  expect(isFetchRequest('POST', '/a/b.git/git-upload-pack', '', 'application/json')).toBe(false);
  expect(isFetchRequest('POST', '/a/b.git/git-upload-pack', '', undefined)).toBe(false);
  expect(asksToPush('/a/info/refs', '?service=git-receive-pack')).toBe(true);
  expect(asksToPush('/a/info/refs', '?service=git-upload-pack')).toBe(false);
  expect(asksToPush('/a/info/refs', '')).toBe(false);
});

test('F3: property: any bytes are read to a yes or a no, and a yes is whole lines', () => {
  const piece = fc.oneof(
    fc.constantFrom('0000', '0001', '0002', line(`want ${id}\n`), line('command=fetch\n'), line('done\n'), '0004', '{'),
    fc.string({ maxLength: 12 }).map(line),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(piece).map((all) => Buffer.from(all.join(''), 'latin1')),
      ),
      (bytes) => {
        const yes = isFetchBody(bytes);
        if (!yes) return;
        const text = Buffer.from(bytes).toString('latin1');
        expect(text).toMatch(/^(?:0000$|(?:000[01])*(?:[0-9a-f]{4})(?:want |command=))/);
        expect(isFetchBody(Buffer.from(`${text}x`, 'latin1'))).toBe(false);
        expect(isFetchBody(Buffer.from(text.slice(0, -1), 'latin1'))).toBe(false);
      },
    ),
  );
});
