import { describe, expect, test } from 'vitest';
import { findingId, type Certainty, type Fact, type Finding } from './finding.ts';
import { preconditionsOf, type PreconditionFacts, type PreconditionName } from './preconditions.ts';
import { routesIn } from './routes.ts';

function finding(path: string, facts: readonly Fact[] = [], more: Partial<Finding> = {}): Finding {
  const place = { kind: 'file', path, line: 4, column: 1 } as const;
  return {
    id: findingId('railway', place),
    kind: 'railway',
    place,
    masked: '…',
    fingerprint: path,
    certainty: 'inferred',
    why: 'w',
    facts,
    ...more,
  };
}

function states(facts: Partial<PreconditionFacts>): { readonly [name in PreconditionName]: string } {
  const all = preconditionsOf({ findings: [], routes: [], ...facts });
  expect(all).toHaveLength(5);
  for (const one of all) {
    expect(one.says).not.toBe('');
    expect(one.state === 'pass').toBe(one.next === undefined);
  }
  return Object.fromEntries(all.map(({ name, state, certainty }) => [name, `${state} ${certainty}`])) as {
    [name in PreconditionName]: string;
  };
}

const environment = (name: string, production: boolean) => ({ id: name, name, production });
const asked = (
  certainty: Certainty,
  power: boolean,
  environments: readonly boolean[],
  backups: boolean,
): readonly Fact[] => [
  { about: 'power', says: 'can call 230 mutations, needs 4', certainty, holds: power },
  {
    about: 'environments',
    says: 'reaches them',
    certainty,
    environments: environments.map((production, index) => environment(`e${index}`, production)),
  },
  { about: 'backups', says: '7 backups lie beside it', certainty, holds: backups },
];

test('N2: a token in an MCP server’s settings or in a history logs nobody in, one in the program’s own file does', () => {
  const at = (path: string, kind: 'config' | 'history'): readonly string[] =>
    routesIn([{ ...finding(path), place: { kind, path, line: 1, column: 1 } }], undefined).flatMap((one) =>
      one.kind === 'logged-in-cli' ? [one.says] : [],
    );
  expect(at('/home/claude/.railway/config.json', 'config')).toEqual(['a program is logged in to railway']);
  expect(at('/home/me/.cursor/mcp.json', 'config')).toEqual([]);
  expect(at('/home/me/.config/Claude/claude_desktop_config.json', 'config')).toEqual([]);
  expect(at('/home/me/.bash_history', 'history')).toEqual([]);
});

describe('N2: the preconditions of the incident', () => {
  test('nothing found: all pass but the backups, which nobody has shown', () => {
    expect(states({})).toEqual({
      'token-in-reach': 'pass inferred',
      'over-privileged': 'pass inferred',
      'backups-in-reach': 'fail assumed',
      'shared-credential': 'pass inferred',
      'uncovered-routes': 'pass inferred',
    });
    expect(states({ independentBackup: true })['backups-in-reach']).toBe('pass proven');
  });

  test('a token that nobody has asked about: unknown, never pass', () => {
    const facts: readonly Fact[] = [{ about: 'backups', says: 'the worst', certainty: 'assumed' }];
    expect(states({ findings: [finding('/r/.env', facts)] })).toMatchObject({
      'token-in-reach': 'fail inferred',
      'over-privileged': 'unknown assumed',
      'backups-in-reach': 'fail assumed',
      'shared-credential': 'unknown assumed',
    });
  });

  test('the incident’s own: all red, proven', () => {
    const routes = [
      { kind: 'logged-in-cli', says: 'a program is logged in to railway', path: '/h/.railway/config.json' },
    ] as const;
    expect(
      states({ findings: [finding('/r/scripts/domains.sh', asked('proven', true, [true, false], true))], routes }),
    ).toEqual({
      'token-in-reach': 'fail inferred',
      'over-privileged': 'fail proven',
      'backups-in-reach': 'fail proven',
      'shared-credential': 'fail proven',
      'uncovered-routes': 'fail inferred',
    });
  });

  test('a narrow token of one side is in reach still, and nothing else', () => {
    const findings = [finding('/r/.env', asked('proven', false, [false], false))];
    expect(states({ findings, independentBackup: true })).toEqual({
      'token-in-reach': 'fail inferred',
      'over-privileged': 'pass proven',
      'backups-in-reach': 'pass proven',
      'shared-credential': 'pass proven',
      'uncovered-routes': 'pass inferred',
    });
  });

  test('one of two that is not known leaves it unknown; one that is too mighty fails it', () => {
    const narrow = finding('/r/a', asked('proven', false, [false], false));
    const open = finding('/r/b');
    const mighty = finding('/r/c', asked('inferred', true, [true], false));
    expect(states({ findings: [narrow, open] })['over-privileged']).toBe('unknown assumed');
    expect(states({ findings: [narrow, open, mighty] })['over-privileged']).toBe('fail inferred');
  });

  test('the same value under a name of production and of staging is shared, without asking', () => {
    const same = { fingerprint: 'same' };
    expect(
      states({ findings: [finding('/r/.env.production', [], same), finding('/r/.env.staging', [], same)] })[
        'shared-credential'
      ],
    ).toBe('fail inferred');
    expect(
      states({ findings: [finding('/r/.env.production', [], same), finding('/r/.env.staging')] })['shared-credential'],
    ).toBe('unknown assumed');
    // The user's own folders are called anything.
    expect(
      states({ findings: [finding('/home/staging/x/y/.env', [], same), finding('/live/products/x/y/.env', [], same)] })[
        'shared-credential'
      ],
    ).toBe('unknown assumed');
  });
});
