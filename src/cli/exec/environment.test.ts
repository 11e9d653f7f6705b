import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { looksLikeCredential } from './credential-names.ts';
import { credentialsIn } from './credentials-in.ts';
import { type ChildEnvironment, childEnvironment, type Route } from './environment.ts';
import { certificateVariables } from './way-out.ts';

const route: Route = {
  name: 'cursor',
  token: 'hpa_x_y',
  gate: 'http://127.0.0.1:7780',
  api: 'http://localhost:7777',
  bundle: '/var/lib/holdpoint/open/ca-bundle.pem',
  tokenVariables: ['RAILWAY_TOKEN', 'RAILWAY_API_TOKEN'],
};
const none: ReadonlySet<string> = new Set();

type Variables = { readonly [name: string]: string };

async function given(own: Variables, keep: readonly string[] = []): Promise<ChildEnvironment> {
  return childEnvironment(own, route, await credentialsIn(own), keep);
}

describe('what looks like a credential', () => {
  test.each([
    'GITHUB_TOKEN',
    'RAILWAY_API_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_SESSION_TOKEN',
    'ANTHROPIC_API_KEY',
    'DATABASE_URL',
    'DATABASE_PRIVATE_URL',
    'PGPASSWORD',
    'MYSQL_PWD',
    'STRIPE_SECRET',
    'npm_config__auth',
    'SSH_AUTH_SOCK',
    'GIT_ASKPASS',
    'VSCODE_GIT_IPC_HANDLE',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'HOLDPOINT_TOKEN',
    'HOLDPOINT_DATA',
    'SENTRY_DSN',
    'KUBECONFIG',
    'SECRET_KEY_BASE',
    'DB_PASS',
  ])('C1 %s is not passed on', async (name) => {
    expect(looksLikeCredential(name, 'value')).toBe(true);
    expect((await given({ [name]: 'value' })).env[name]).not.toBe('value');
  });

  test.each([
    'postgresql://app:hunter2@db.internal/app',
    'ghp_0123456789',
    'sk-ant-0123',
    'hph_01ABC_secret',
    'hpa_01ABC_of-another-agent',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nx',
    'AUTHORIZATION: basic eDp5',
  ])('C1 the value %s is not passed on under any name', async (value) => {
    const { env, removed } = await given({ HARMLESS: value });
    expect(env['HARMLESS']).toBeUndefined();
    expect(removed).toEqual(['HARMLESS']);
  });

  // Forms and names that the rules of `holdpoint scan` know and a name of a variable does not give away.
  test.each([
    ['STRIPE', 'rk_live_51Habcdefq9dj2k3l4m5n6p7q8'],
    ['SUPABASE_SERVICE_ROLE', 'sb_secret_9f8a7s6d5f4g3h2j1k0lQ2w3'],
    ['FLY', 'fm2_lJPECAAAAAAAAr8dxBBLk2q9Zk1vXc3Bn7Mp0TsRwcTOaHR0cHM6Ly9hcGkuZmx5LmlvL2Fhl8kw0000q1'],
    ['SETTINGS', 'host=db.prod.internal user=app password=q7Zt9Kx2mW dbname=app'],
    ['DEPLOY_HOOK', 'https://x:q7Zt9Kx2mWpL4vB8@git.internal/hook'],
  ])('C1 N1 the rules of the scan take %s out by its value', async (name, value) => {
    expect(looksLikeCredential(name, 'value')).toBe(false);
    const { env, removed } = await given({ [name]: value, EDITOR: 'vi' });
    expect([env[name], env['EDITOR'], removed]).toEqual([undefined, 'vi', [name]]);
  });

  test('C1 what holds the same secret goes too, whatever it is called', async () => {
    const secret = 'rk_live_51Habcdefq9dj2k3l4m5n6p7q8';
    const { removed } = await given({ STRIPE: secret, ARGUMENTS: `--with ${secret} --fast`, A: 'b' });
    expect(removed).toEqual(['ARGUMENTS', 'STRIPE']);
  });

  test('C1 whatever the other values are, a planted one does not get through', async () => {
    const value = fc.string({ maxLength: 60 }).filter((text) => !text.includes('\0'));
    const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 6 }), async (others) => {
        const planted = 'postgres://app:q7Zt9Kx2mW@db.internal/app';
        const { env } = await given({ ...others, PLANTED: planted });
        expect(Object.values(env).some((one) => one.includes('q7Zt9Kx2mW'))).toBe(false);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the environment of an agent', () => {
  test('what is of use stays', async () => {
    const own = Object.fromEntries(
      'PATH HOME PWD OLDPWD LANG TERM EDITOR XDG_RUNTIME_DIR KEYBOARD GIT_AUTHOR_NAME NODE_ENV DISPLAY LS_COLORS'
        .split(' ')
        .map((name) => [name, '/x']),
    );
    const { env, removed, rerouted } = await given(own);
    expect(env).toMatchObject(own);
    expect([removed, rerouted]).toEqual([[], []]);
  });

  test('--keep passes on what was named, and says what it cannot', async () => {
    const { env, removed, unkept } = await given({ ANTHROPIC_API_KEY: 'sk-ant-1', GH_TOKEN: 'x', RAILWAY_TOKEN: 'r' }, [
      'ANTHROPIC_API_KEY',
      'RAILWAY_TOKEN',
    ]);
    expect(env['ANTHROPIC_API_KEY']).toBe('sk-ant-1');
    expect(removed).toEqual(['GH_TOKEN']);
    expect(unkept).toEqual(['RAILWAY_TOKEN']);
    expect(env['RAILWAY_TOKEN']).toBe(route.token);
  });

  test('C1 the human’s own token never reaches the agent, not even when asked to be kept', async () => {
    const { env, unkept } = await given({ HOLDPOINT_TOKEN: 'hph_human' }, ['HOLDPOINT_TOKEN']);
    expect(env['HOLDPOINT_TOKEN']).toBe(route.token);
    expect(unkept).toEqual(['HOLDPOINT_TOKEN']);
  });

  test('settings of git that sign in go as a whole, since git counts them', async () => {
    const pairs = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
    expect((await given(pairs)).env).toMatchObject(pairs);
    const signing = { ...pairs, GIT_CONFIG_KEY_0: 'http.extraheader', GIT_CONFIG_VALUE_0: 'Authorization: basic eDp5' };
    const { env, removed } = await given(signing);
    expect(removed).toEqual(['GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'GIT_CONFIG_VALUE_0']);
    expect(Object.keys(env).filter((name) => name.startsWith('GIT_CONFIG'))).toEqual([]);
  });
});

describe('the way out', () => {
  test('the gate is the only proxy, in both spellings, and nothing else leads round it', () => {
    const own = {
      ALL_PROXY: 'socks5://x',
      no_proxy: '*',
      HTTP_PROXY: 'http://x',
      HTTPS_PROXY: 'http://x',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      GIT_SSL_NO_VERIFY: '1',
      npm_config_strict_ssl: 'false',
      npm_config_https_proxy: 'http://x',
      RAILWAY_ENV: 'dev',
    };
    const { env, rerouted } = childEnvironment(own, route, none);
    const proxy = 'http://cursor:hpa_x_y@127.0.0.1:7780';
    expect([env['HTTPS_PROXY'], env['https_proxy'], env['NODE_USE_ENV_PROXY']]).toEqual([proxy, proxy, '1']);
    expect([env['NO_PROXY'], env['no_proxy']]).toEqual(['localhost,127.0.0.1,::1', 'localhost,127.0.0.1,::1']);
    const gone = Object.keys(own).filter((name) => !['HTTPS_PROXY', 'no_proxy'].includes(name));
    expect(rerouted).toEqual(gone.sort());
    expect(gone.filter((name) => env[name] !== undefined)).toEqual([]);
  });

  test('every program is given the same certificates', () => {
    const { env } = childEnvironment({ SSL_CERT_FILE: '/own.pem' }, route, none);
    expect(certificateVariables.map((name) => env[name])).toEqual(certificateVariables.map(() => route.bundle));
  });
});

describe('databases', () => {
  const staging = { name: 'pg-staging', environment: 'staging' };
  const production = { name: 'pg-prod', environment: 'production' };
  const through = (databases: Route['databases'], own: Variables = {}, database?: string): ChildEnvironment =>
    childEnvironment(
      own,
      { ...route, postgres: 'postgres://127.0.0.1:7432', databases: databases ?? [], database },
      none,
    );

  test('E1 the one there is, and none of the person’s own servers beside it', () => {
    const own = { PGHOSTADDR: '10.0.0.9', PGHOST: 'db.internal', PGSSLMODE: 'require', PGSERVICE: 'prod', PGTZ: 'UTC' };
    const { env, database, rerouted } = through([staging], own);
    expect(database).toBe(staging);
    expect(env).toMatchObject({
      DATABASE_URL: 'postgres://cursor:hpa_x_y@127.0.0.1:7432/pg-staging',
      PGHOST: '127.0.0.1',
      PGPORT: '7432',
      PGUSER: 'cursor',
      PGPASSWORD: 'hpa_x_y',
      PGDATABASE: 'pg-staging',
      PGTZ: 'UTC',
    });
    expect(rerouted).toEqual(['PGHOSTADDR', 'PGSERVICE', 'PGSSLMODE']);
  });

  test('E1 of several none is the usual one, unless it was chosen', () => {
    const { env, database } = through([staging, production]);
    expect([database, env['DATABASE_URL'], env['PGHOST']]).toEqual([undefined, undefined, undefined]);
    expect(env['PG_STAGING_DATABASE_URL']).toBe('postgres://cursor:hpa_x_y@127.0.0.1:7432/pg-staging');
    expect(env['PG_PROD_DATABASE_URL']).toBe('postgres://cursor:hpa_x_y@127.0.0.1:7432/pg-prod');
    expect(through([staging, production], {}, 'pg-staging').env['PGDATABASE']).toBe('pg-staging');
  });

  test('where there is none, or no gate, nothing is said of any', () => {
    expect(through([]).env['DATABASE_URL']).toBeUndefined();
    const { env } = childEnvironment({ PGHOST: 'db' }, { ...route, databases: [staging] }, none);
    expect([env['DATABASE_URL'], env['PGHOST']]).toEqual([undefined, 'db']);
  });
});
