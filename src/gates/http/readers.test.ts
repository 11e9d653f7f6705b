import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimsOf, isListed } from './claims.ts';
import { readContentType } from './content-type.ts';
import { carriesToken, proxyCredential } from './credentials.ts';
import { toyProvider } from './http-gate.fixture.ts';
import { parseHostName } from './host-name.ts';
import { readTarget } from './target.ts';
import { instruction, tongueOf } from './tongue.ts';
import { WireRefused, quoted } from './wire-refusal.ts';
import { corpusToken } from '../../../test/golden/http-hostile.ts';

/** Either it reads, or it refuses in the way that is answered; nothing else may come out of a reader. */
function readsOrRefuses(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WireRefused);
    return false;
  }
}

test('K5: property: a target that reads is printable ASCII, and the URL parser agrees on its path', () => {
  const odd = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2F',
    '\\',
    ';',
    '#',
    '?',
    'a',
    '%41',
    '%C3%A9',
    '\0',
    ' ',
    '//',
    '@',
    ':',
    '\u00ff',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(odd, { maxLength: 12 }).map((parts) => `/${parts.join('')}`),
      ),
      (text) => {
        if (!readsOrRefuses(() => readTarget(text, 8_192))) return;
        const { path, query } = readTarget(text, 8_192);
        expect(path + query).toBe(text);
        expect(text).toMatch(/^\/[!-~]*$/);
        const url = new URL(text, 'http://h.test');
        expect(url.host).toBe('h.test');
        expect(url.pathname).toBe(path);
        expect(url.hash).toBe('');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('K5: property: a host name that reads is the one the URL parser sees', () => {
  const odd = fc
    .array(
      fc.constantFrom(
        'a',
        'b',
        '.',
        '-',
        '_',
        ':',
        '@',
        '1',
        '0x7f',
        '127',
        '[',
        ']',
        '::1',
        '443',
        '%',
        '/',
        '\u2460',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 30 }), fc.domain(), fc.ipV4(), odd), (text) => {
      const named = parseHostName(text);
      if (named === undefined) return;
      const url = new URL(`https://${text}/`);
      expect(url.hostname.replaceAll(/[[\]]/g, '')).toBe(named.host);
      expect(url.username).toBe('');
      if (named.port !== 0 && named.port !== 443) expect(url.port).toBe(String(named.port));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['localhost', { host: 'localhost', port: 0, literal: false }],
  ['Backboard.Railway.COM:443', { host: 'backboard.railway.com', port: 443, literal: false }],
  ['1.2.3.4:80', { host: '1.2.3.4', port: 80, literal: true }],
  ['[::1]:7780', { host: '::1', port: 7780, literal: true }],
  ['a.b.', undefined],
  ['127.1', undefined],
  ['0x7f.0.0.1', undefined],
  ['01.2.3.4', undefined],
  ['::1', undefined],
  ['a@b', undefined],
  ['a:0443', undefined],
  ['-a.test', undefined],
  ['', undefined],
] as const)('host name %s', (text, read) => {
  expect(parseHostName(text)).toEqual(read);
});

test('K5: property: content types read to one lower-case writing, and reading that again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.stringMatching(/^[A-Za-z/;= "+.-]{3,40}$/),
        fc.constantFrom('Application/Json; charset="UTF-8"', 'text/plain;charset=utf8', 'a/b'),
      ),
      (text) => {
        if (!readsOrRefuses(() => readContentType(text))) return;
        const read = readContentType(text);
        expect(read.value).toMatch(/^[a-z0-9!#$&^_.+/-]+(; charset=utf-8)?$/);
        expect(readContentType(read.value)).toEqual(read);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('text types are known as such', () => {
  for (const type of [
    'application/json',
    'application/graphql',
    'text/plain',
    'application/vnd.api+json',
    'application/x-www-form-urlencoded',
    'application/graphql-response+json',
  ]) {
    expect(readContentType(type).text, type).toBe(true);
  }
  expect(readContentType('application/octet-stream').text).toBe(false);
});

test('C3: property: an agent token is found wherever it stands in a body; what only resembles one is not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (before, after) => {
      expect(carriesToken(Buffer.concat([before, Buffer.from(corpusToken), after]))).toBe(true);
      expect(carriesToken(Buffer.concat([before, Buffer.from('alpha_1 hpa_ hpa_x_y'), after]))).toBe(false);
    }),
  );
});

test('C2: property: a proxy credential reads back as it was written, and nothing else reads', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9-]{0,20}$/), (name) => {
      const basic = `Basic ${Buffer.from(`${name}:${corpusToken}`).toString('base64')}`;
      expect(proxyCredential(basic)).toEqual({ name, token: corpusToken });
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(proxyCredential(text)).toBeUndefined();
    }),
  );
});

test('claims: exact names, suffixes with a dot, longest first; nothing else', () => {
  const wide = toyProvider('wide', ['.railway.app']);
  const narrow = toyProvider('narrow', ['.up.railway.app', 'x.test']);
  const claims = claimsOf([wide, narrow, toyProvider('none', [])]);
  expect(claims.byHost('a.railway.app')?.provider.name).toBe('wide');
  expect(claims.byHost('railway.app')?.provider.name).toBe('wide');
  expect(claims.byHost('a.up.railway.app')?.provider.name).toBe('narrow');
  expect(claims.byHost('evilrailway.app')).toBeUndefined();
  expect(claims.byHost('x.test.evil.test')).toBeUndefined();
  expect(claims.byName('none')).toBeUndefined();
  expect(claims.byName('wide')?.origin).toBeUndefined();
  expect(claims.byName('narrow')?.origin).toBe('https://x.test');
  expect([
    isListed(['a.test'], 'b.a.test'),
    isListed(['.a.test'], 'b.a.test'),
    isListed(['.a.test'], 'a.test'),
  ]).toEqual([false, true, true]);
});

test('H5: property: an instruction never has the words that Railway’s command line rewrites', () => {
  const words = fc.constantFrom(
    'not authorized',
    'Not Authorized',
    'Unauthorized',
    'Project Token not found',
    'stop',
    'x',
  );
  fc.assert(
    fc.property(fc.array(words), fc.array(words), (detail, hint) => {
      const said = instruction({ code: 'DENIED', detail: detail.join(' '), hint: hint.join(' ') });
      expect(said).not.toMatch(/not authorized|unauthorized|project token not found/i);
    }),
  );
});

test('tongues: GraphQL only where the provider says so', () => {
  const tongue = ({ path }: { path: string }): 'graphql' | 'problem' =>
    path.startsWith('/graphql/') ? 'graphql' : 'problem';
  expect(tongueOf({ tongue }, { path: '/graphql/v2?query=x' })).toBe('graphql');
  expect(tongueOf({ tongue }, { path: '/rest' })).toBe('problem');
  expect(tongueOf({}, { path: '/graphql/v2' })).toBe('problem');
});

test('property: what is quoted is short, printable and cannot close its backticks', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(quoted(text)).toMatch(/^`[ -_a-~]{0,60}…?`$/);
    }),
  );
});
