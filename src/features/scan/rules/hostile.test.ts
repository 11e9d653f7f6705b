import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Literals } from '../read/literals.ts';
import { findIn, literalsOfRules } from './all.ts';
import type { Document, Format } from '../read/document.ts';

function documentOf(format: Format, text: string): Document {
  return {
    path: '/x/railway',
    within: 'railway',
    kind: 'file',
    format,
    text,
    bytesBefore: (offset) => offset,
    firstLine: 1,
  };
}

test('N1: literals are seen in one pass, case aside, wherever they stand', () => {
  const words = ['railway', '://', 'ghp_', 'sk_live_', 'aws', '.atlasv1.'];
  const literals = new Literals(words);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...words, 'RAILWAY', 'Ghp_', 'rail', 'gh', 'sk_liv'), fc.string()), {
        maxLength: 8,
      }),
      (parts) => {
        const text = parts.join('');
        const lower = Buffer.from(text).toString('latin1').toLowerCase();
        expect([...literals.in(Buffer.from(text))].toSorted()).toEqual(
          words.filter((word) => lower.includes(word)).toSorted(),
        );
      },
    ),
  );
});

const every = new Set([
  'railway',
  '://',
  'password=',
  'eyj',
  'akia',
  'private key',
  'aws',
  'npm_',
  'sg.',
  'sk_live_',
  'github_pat_',
  '.atlasv1.',
  'accountkey=',
]);

test('F3: half a mebibyte of anything is read in seconds by every rule', async () => {
  const times = (part: string): string => part.repeat(Math.ceil((1 << 19) / part.length));
  const hostile = [
    'a',
    'A',
    'a://a:a',
    'postgres://a:',
    'host=a password=',
    'eyJaaaaaaaaaa.eyJ',
    '-----BEGIN PRIVATE KEY-----',
    'token: 01234567-89ab-4def-8123-456789abcdee ',
    'AWS_SECRET',
    'SG.',
    'a.',
    '=',
    '"',
    '{',
    'jdbc:postgresql://a',
  ].map(times);
  for (const text of hostile) {
    for (const format of ['text', 'ini'] as const) {
      const start = process.cpuUsage();
      await findIn(documentOf(format, text), every);
      const used = process.cpuUsage(start);
      expect((used.user + used.system) / 1e6, `${format} of ${JSON.stringify(text.slice(0, 40))}`).toBeLessThan(10);
    }
  }
}, 300_000);

test('N1: rules never throw, and what they find lies in the text', async () => {
  const pieces = fc.constantFrom(
    'postgres://',
    'u:p',
    '@h.railway.app',
    'RAILWAY_TOKEN',
    '=',
    ': ',
    '"',
    '\n',
    '0b7f3d1e-8c2a-4f6b-9d5e-1a2b3c4d5e6f',
    'Bearer ',
    'eyJhbGciOiJIUzI1NiJ9',
    '.',
    'ghp_',
    'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8',
    '-----BEGIN PRIVATE KEY-----',
    '\\',
    '\u0000',
    'ü',
    '${',
    '}',
  );
  const formats = fc.constantFrom<Format>('text', 'dotenv', 'json', 'yaml', 'toml', 'ini', 'shell', 'history');
  await fc.assert(
    fc.asyncProperty(formats, fc.array(pieces, { maxLength: 30 }), async (format, parts) => {
      const text = parts.join('');
      for (const one of await findIn(documentOf(format, text), literalsOfRules().in(Buffer.from(text)))) {
        expect(one.end).toBeGreaterThan(one.start);
        expect(one.end).toBeLessThanOrEqual(text.length);
        expect(one.masked).not.toContain(one.value);
        expect(one.why).not.toContain(one.value);
        expect(one.key ?? '').not.toContain(one.value);
      }
    }),
    { numRuns: 500 },
  );
});
