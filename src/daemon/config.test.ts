import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configJsonSchema,
  ConfigError,
  emptyConfig,
  environmentsOf,
  milliseconds,
  readConfig,
  type ConfigProblem,
} from './config.ts';

const golden = readFileSync(new URL('config.golden.txt', import.meta.url), 'utf8')
  .split('\n====\n')
  .slice(1)
  .map((pair) => pair.trimEnd().split('\n--->\n') as [string, string]);

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    readConfig(text);
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
}

describe('holdpoint.yaml', () => {
  test('there are pairs', () => {
    expect(golden.length).toBeGreaterThan(30);
    expect(golden.filter(([, said]) => said === 'good')).toHaveLength(1);
  });

  test.each(golden)('F1: golden: %j', (text, expected) => {
    let said = 'good';
    try {
      readConfig(text);
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      said = thrown.message;
    }
    expect(said).toBe(expected);
  });

  test.each([
    [
      'http://127.0.0.1:4000',
      '',
      '4:60 upstreams.x.address: `127.0.0.1` is a private address: it is dialled with `private: true` alone',
    ],
    [
      'https://localhost',
      '',
      '4:60 upstreams.x.address: `localhost` is a private address: it is dialled with `private: true` alone',
    ],
    [
      'postgres://10.1.2.3/app',
      '',
      '4:60 upstreams.x.address: `10.1.2.3` is a private address: it is dialled with `private: true` alone',
    ],
    [
      'http://example.com',
      '',
      '4:60 upstreams.x.address: `http://` is dialled with `private: true` alone; write https:// for a public address',
    ],
    ['http://127.0.0.1:4000', ', private: true', undefined],
    ['https://example.com', '', undefined],
  ])('F1: a proposal names no address that would never be dialled: %s%s', (address, more, said) => {
    const text = `version: 1\nenvironments: { s: {} }\nupstreams:\n  x: { provider: p, environment: s, credential: "vault:x", address: "${address}"${more} }\n`;
    expect(() => readConfig(text)).not.toThrow();
    if (said === undefined) expect(() => readConfig(text, { proposed: true })).not.toThrow();
    else expect(() => readConfig(text, { proposed: true })).toThrow(said);
  });

  test('E1: what is not said means production, and nothing is disposable', () => {
    const config = readConfig('version: 1\nenvironments:\n  live: { railway: [a] }\n  test: { production: false }');
    expect(environmentsOf(config)).toEqual([
      { name: 'live', production: true, disposable: false, bindings: { railway: ['a'] } },
      { name: 'test', production: false, disposable: false, bindings: {} },
    ]);
    expect(emptyConfig).toMatchObject({ environments: {}, upstreams: {}, hosts: [], delay: '48h' });
  });

  test('F1: property: any text is read, or refused at a place that is in it', () => {
    const piece = fc.constantFrom(
      'version: 1\n',
      'environments:\n',
      '  staging: ',
      '{ production: false }',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ': ',
      'hosts',
      'a.b',
      '"',
      "'",
      '&a ',
      '*a',
      '!!map',
      '|\n',
      '<<',
      '#',
      '---\n',
      '\t',
      '1e999',
      '.nan',
      '~',
      '__proto__',
      '\u0000',
      '%YAML 3\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 14 }).map((all) => `version: 1\n${all.join('')}`),
        ),
        (text) => {
          const lines = text.split(/\r\n?|\n/).length;
          for (const problem of problemsOf(text)) {
            expect(problem.line).toBeGreaterThanOrEqual(1);
            expect(problem.line).toBeLessThanOrEqual(lines + 1);
            expect(problem.column).toBeGreaterThanOrEqual(1);
            expect(problem.message).not.toBe('');
            expect(problem.message).not.toContain('\n');
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('C5: a secret in the wrong place is refused, and not repeated', () => {
    const secret = 'b3c1d2e4-0000-4000-8000-5ecc3e7c0de5';
    const text = `version: 1\nenvironments: { s: {} }\nupstreams:\n  u: { provider: railway, environment: s, credential: "${secret}" }`;
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  test('durations', () => {
    expect(['90s', '15m', '48h', '3d'].map(milliseconds)).toEqual([90_000, 900_000, 172_800_000, 259_200_000]);
    for (const bad of ['', '48', 'h', '-1h', '1w', '1.5h']) expect(() => milliseconds(bad)).toThrow(RangeError);
  });

  test('the published schema names what the file may hold', () => {
    const schema = configJsonSchema() as { properties: Record<string, unknown>; additionalProperties: boolean };
    expect(Object.keys(schema.properties)).toEqual([
      'version',
      'environments',
      'upstreams',
      'backups',
      'stores',
      'egress',
      'hosts',
      'webhooks',
      'witness',
      'velocity',
      'undo',
      'delay',
    ]);
    expect(schema.additionalProperties).toBe(false);
  });
});
