import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allMutations, type Double, startDouble, validArguments } from '../../demo/railway/double.ts';
import { send } from '../../demo/railway/sending.ts';
import type { Asking, Reach } from '../../src/contract/reach.ts';
import { crossesEnvironments, isOverPrivileged, reachSentence } from '../../src/contract/reach.ts';
import { type Asker, openAsker } from '../../src/daemon/asking.ts';
import type { Environment } from '../../src/model/environment.ts';
import { railway } from '../../src/providers/railway/index.ts';
import { callableBy, type TokenKind } from '../../src/providers/railway/reach/powers.ts';

let double: Double;
let asker: Asker;

beforeAll(async () => {
  double = await startDouble();
  asker = openAsker([railway]);
});
afterAll(async () => {
  await asker.close();
  await double.stop();
});

function ask(secret: string, more: { presented?: string; standsIn?: string } = {}, environments: Environment[] = []) {
  const route = { address: new URL(double.url).origin, allowPrivate: true };
  return asker.ask({ provider: 'railway', secret, route, ...more }, environments);
}

function reachOf(asking: Asking): Reach {
  if (asking.kind !== 'answered') throw new Error(`${asking.kind}: ${asking.why}`);
  return asking.reach;
}

describe('what a Railway credential can do, asked of the double', () => {
  it('N1: the incident’s token is described in one true sentence', async () => {
    const reach = reachOf(await ask(double.tokens.domains));
    expect(reachSentence(reach)).toBe(
      'an account token: can call 230 mutations in 5 environments, 3 of them production by name, 9 backups in reach; made for custom domains: needs 4',
    );
    // Each number, from the double's own tables.
    const seen = new Set(reach.environments.map((one) => one.id));
    const { environments, backups } = {
      environments: double.state.list('environments', (row) => seen.has(row.id)),
      backups: double.state.list('backups'),
    };
    expect(environments).toHaveLength(5);
    expect(backups).toHaveLength(9);
    expect(allMutations(double)).toHaveLength(230);
    expect(isOverPrivileged(reach)).toBe(true);
    expect(crossesEnvironments(reach)).toBe(true);
  });

  it('N1: the kinds of token are told apart by what answers them, whatever they stood in', async () => {
    const kinds: [token: string, standsIn: string | undefined, kind: string, presented: string][] = [
      [double.tokens.account, 'RAILWAY_TOKEN', 'account', 'bearer'],
      [double.tokens.account, undefined, 'account', 'bearer'],
      [double.tokens.workspace, 'RAILWAY_API_TOKEN', 'workspace', 'bearer'],
      [double.tokens.production, 'RAILWAY_TOKEN', 'project', 'project-access-token'],
      [double.tokens.staging, 'SOMETHING', 'project', 'project-access-token'],
    ];
    for (const [token, standsIn, kind, presented] of kinds) {
      const reach = reachOf(await ask(token, standsIn === undefined ? {} : { standsIn }));
      expect({ kind: reach.kind, presented: reach.presented }, kind).toEqual({ kind, presented });
      expect(JSON.stringify(reach)).not.toContain(token);
    }
  });

  it('E1: a project token reaches one environment, and what the project shares is said', async () => {
    const reach = reachOf(await ask(double.tokens.staging));
    expect(reach.sees).toBe('environment');
    expect(reach.environments.map((one) => one.id)).toEqual([double.ids.environments.staging]);
    expect(reachSentence(reach)).toContain('at least 2 backups in reach');
    expect(reach.also.map((one) => one.says).join()).toContain('3 volumes of the project');
  });

  it('E1: production is what the signed binding says, whatever it is called', async () => {
    const bound = (production: boolean): Environment => ({
      name: 'x',
      production,
      disposable: false,
      bindings: { railway: [double.ids.environments.staging] },
    });
    for (const production of [true, false]) {
      const [environment] = reachOf(await ask(double.tokens.staging, {}, [bound(production)])).environments;
      expect(environment).toMatchObject({ production, productionIs: 'proven' });
    }
    expect(reachOf(await ask(double.tokens.production)).environments[0]).toMatchObject({
      production: true,
      productionIs: 'assumed',
    });
  });

  it('N1: one that the provider does not take is said not to be taken; one presented wrongly as well', async () => {
    expect((await ask('00000000-0000-4000-8000-000000000000')).kind).toBe('not-taken');
    expect((await ask(double.tokens.account, { presented: 'project-access-token' })).kind).toBe('not-taken');
    expect((await ask(double.tokens.staging, { presented: 'bearer' })).kind).toBe('not-taken');
  });

  it('N1: a provider that fails is not taken for one that refuses', async () => {
    for (const next of ['http500', 'dropBeforeEffect'] as const) {
      double.fail({ next });
      expect((await ask(double.tokens.account)).kind, next).toBe('not-asked');
    }
    const nobody = { address: 'http://127.0.0.1:9', allowPrivate: true };
    expect(await asker.ask({ provider: 'railway', secret: double.tokens.account, route: nobody }, [])).toEqual({
      kind: 'not-asked',
      why: 'railway did not answer',
    });
  });

  it('N1: without another endpoint the published host is dialled and no other', async () => {
    const names: string[] = [];
    const own = openAsker([railway], {
      lookup: async (hostname) => {
        names.push(hostname);
        throw new Error('no names here');
      },
    });
    expect((await own.ask({ provider: 'railway', secret: double.tokens.account }, [])).kind).toBe('not-asked');
    await own.close();
    expect(new Set(names)).toEqual(new Set(['backboard.railway.com']));
  });

  it('N1: nothing but queries is ever asked, and nothing is changed', async () => {
    const from = double.log.length;
    for (const token of Object.values<string>({ ...double.tokens })) await ask(token);
    const since = double.log.slice(from);
    const operations = since.filter((one) => one.kind === 'operation');
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter((one) => one.type !== 'query')).toEqual([]);
    expect(since.filter((one) => one.kind === 'change' || one.kind === 'destruction')).toEqual([]);
    expect(new Set(since.flatMap((one) => (one.kind === 'request' ? [`${one.method} ${one.path}`] : [])))).toEqual(
      new Set(['POST /graphql/v2']),
    );
  });

  it.each<[TokenKind, 'domains' | 'workspace' | 'staging']>([
    ['account', 'domains'],
    ['workspace', 'workspace'],
    ['project', 'staging'],
  ])('N2: %s tokens may call no mutation that is not counted', { timeout: 120_000 }, async (kind, token) => {
    const counted = new Set(callableBy(kind));
    const able: string[] = [];
    for (const name of allMutations(double)) {
      const from = double.log.length;
      await send(double, validArguments(name, double, 'staging'), {
        token: double.tokens[token],
        ...(kind === 'project' ? { header: 'project-access-token' as const } : {}),
      });
      const since = double.log.slice(from);
      if (since.some((one) => one.kind === 'operation' && one.ok)) able.push(name);
      if (since.some((one) => one.kind === 'change' || one.kind === 'destruction')) await double.reset();
    }
    expect(able.filter((name) => !counted.has(name))).toEqual([]);
    console.log(`${kind}: ${able.length} of ${counted.size} counted were carried out by the double`);
    if (kind === 'account') expect(able).toHaveLength(230);
  });
});
