import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namedInDotenv } from './dotenv.ts';
import { namedInJson } from './json.ts';
import { namedInIni, namedInNetrc, namedInPgpass, namedInShell } from './lines.ts';
import { namedIn } from './named.ts';
import { namedInToml } from './toml.ts';
import { namedInYaml } from './yaml.ts';
import type { Document, Format, Named } from '../read/document.ts';

function pairs(found: Iterable<Named>): readonly string[] {
  return [...found].map(({ path, value }) => `${path}=${value}`);
}

describe('N1: parsers find names and values', () => {
  test('dotenv: quotes, export, comments, commented-out lines, several lines', () => {
    const text = `A=1\nexport B="two words"\n# C='3'\nD=4 # why\nE="one\ntwo"\nF: 6\n`;
    expect(pairs(namedInDotenv(text))).toEqual(['A=1', 'B=two words', 'C=3', 'D=4', 'E=one\ntwo', 'F=6']);
  });
  test('JSON: nested, comments, trailing commas, escapes', () => {
    const text = `{ "a": { /* x */ "b": ["one", "tw\\"o",] }, // y\n 'c': "\\u0041bc", }`;
    expect(pairs(namedInJson(text))).toEqual(['a.b[0]=one', 'a.b[1]=tw"o', 'c=Abc']);
  });
  test('YAML: maps, lists, anchors that are not followed', () => {
    const text = `a: &x\n  b: one\nc:\n  - two\n  - 'three'\nd: *x\n`;
    expect(pairs(namedInYaml(text))).toEqual(['a.b=one', 'c=two', 'c=three']);
  });
  test('TOML: tables and inline tables', () => {
    const text = `[mcp_servers.railway]\ncommand = "npx"\nenv = { TOKEN = "abc" }\n`;
    expect(pairs(namedInToml(text)).toSorted()).toEqual([
      'mcp_servers.railway.command=npx',
      'mcp_servers.railway.env.TOKEN=abc',
    ]);
  });
  test('INI: sections, and npm’s names of registries', () => {
    const text = `[default]\naws_secret_access_key = abc\n//registry.npmjs.org/:_authToken=def\n`;
    expect([...namedInIni(text)].map(({ key, value }) => [key, value])).toEqual([
      ['aws_secret_access_key', 'abc'],
      ['_authToken', 'def'],
    ]);
  });
  test('netrc and pgpass', () => {
    expect(pairs(namedInNetrc('machine a.example\n  login me\n  password pw1\n'))).toEqual(['a.example.password=pw1']);
    expect(pairs(namedInPgpass('db.example:5432:*:app:pa\\:ss\\\\w\n#x:1:d:u:p\n'))).toEqual([
      'app@db.example/*=pa:ss\\w',
    ]);
  });
  test('shell: assignments anywhere in a line', () => {
    expect(pairs(namedInShell(`FOO_TOKEN=abc cmd; BAR_KEY="d e" x\n`))).toEqual(['FOO_TOKEN=abc', 'BAR_KEY=d e']);
  });
});

const formats: readonly Format[] = [
  'dotenv',
  'json',
  'jsonl',
  'yaml',
  'toml',
  'ini',
  'netrc',
  'pgpass',
  'shell',
  'history',
  'environment',
  'text',
];

function documentOf(format: Format, text: string): Document {
  return { path: '/x', within: 'x', kind: 'file', format, text, bytesBefore: (offset) => offset, firstLine: 1 };
}

describe('N1: parsers stand whatever they are given', () => {
  test('never throw, and every place lies in the text', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '\\',
        ':',
        '=',
        '\n',
        'a',
        'A_B=',
        '- ',
        '#',
        '&x',
        '*x',
        '[[',
        ' ',
        '"""',
        '\t',
        'password ',
        '/*',
        '//',
        '\u0000',
        '\ud800',
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...formats), pieces, (format, parts) => {
        const text = parts.join('');
        for (const { start, end } of namedIn(documentOf(format, text))) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a value of JSON stands where the parser says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.oneof(fc.string(), fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string())),
        ),
        (value) => {
          const text = JSON.stringify(value);
          for (const one of namedInJson(text))
            expect(JSON.parse(`"${text.slice(one.start, one.end)}"`)).toBe(one.value);
          const strings = Object.values(value).flatMap((each) =>
            typeof each === 'string' ? [each] : Object.values(each),
          );
          expect([...namedInJson(text)].map((one) => one.value).toSorted()).toEqual(
            strings.filter((each) => each !== '').toSorted(),
          );
        },
      ),
    );
  });

  test('deep, long and hostile texts take no long time (F3)', () => {
    const hostile = [
      '{"a":'.repeat(50_000),
      '['.repeat(100_000),
      '- '.repeat(50_000),
      Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
      'a: '.repeat(20_000),
      'A_'.repeat(100_000),
      '"'.repeat(100_000),
      `x=${'"\\'.repeat(50_000)}`,
      '&a [*a,*a]\n'.repeat(3_000),
      ' '.repeat(200_000),
      'a:b:c:d:'.repeat(20_000),
    ];
    for (const text of hostile) {
      for (const format of formats) {
        const start = process.cpuUsage();
        namedIn(documentOf(format, text));
        const used = process.cpuUsage(start);
        expect((used.user + used.system) / 1e6, `${format} of ${text.slice(0, 20)}`).toBeLessThan(8);
      }
    }
  });
});
