import { describe, expect, test } from 'vitest';
import { childEnvironment, looksLikeCredential } from './environment.ts';
import { userIn } from './os-user.ts';

const route = {
  name: 'cursor',
  token: 'hpa_x_y',
  gate: 'http://127.0.0.1:7780',
  api: 'http://localhost:7777',
  bundle: '/var/lib/holdpoint/open/ca-bundle.pem',
  tokenVariables: ['RAILWAY_TOKEN', 'RAILWAY_API_TOKEN'],
};

describe('the environment of an agent', () => {
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
    'GOOGLE_APPLICATION_CREDENTIALS',
    'HOLDPOINT_TOKEN',
    'HOLDPOINT_DATA',
    'SENTRY_DSN',
    'KUBECONFIG',
    'SECRET_KEY_BASE',
    'DB_PASS',
  ])('C1 %s is not passed on', (name) => {
    expect(looksLikeCredential(name, 'value')).toBe(true);
    expect(childEnvironment({ [name]: 'value' }, route).env[name]).not.toBe('value');
  });

  test.each([
    'postgresql://app:hunter2@db.internal/app',
    'ghp_0123456789',
    'sk-ant-0123',
    'hph_01ABC_secret',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nx',
  ])('C1 the value %s is not passed on under any name', (value) => {
    const { env, removed } = childEnvironment({ HARMLESS: value }, route);
    expect(env['HARMLESS']).toBeUndefined();
    expect(removed).toEqual(['HARMLESS']);
  });

  test.each([
    'PATH',
    'HOME',
    'PWD',
    'OLDPWD',
    'LANG',
    'TERM',
    'EDITOR',
    'XDG_RUNTIME_DIR',
    'KEYBOARD',
    'GIT_AUTHOR_NAME',
    'NODE_ENV',
  ])('%s stays', (name) => {
    expect(childEnvironment({ [name]: '/x' }, route).env[name]).toBe('/x');
  });

  test('C1 the human’s own token never reaches the agent, not even when asked to be kept', () => {
    const { env } = childEnvironment({ HOLDPOINT_TOKEN: 'hph_human' }, route, ['HOLDPOINT_TOKEN']);
    expect(env['HOLDPOINT_TOKEN']).toBe(route.token);
  });

  test('the gate is the only proxy, and other proxies are gone', () => {
    const { env } = childEnvironment({ ALL_PROXY: 'socks5://x', no_proxy: '*', HTTP_PROXY: 'http://x' }, route);
    expect(env['HTTPS_PROXY']).toBe('http://cursor:hpa_x_y@127.0.0.1:7780');
    expect(env['ALL_PROXY']).toBeUndefined();
    expect(env['HTTP_PROXY']).toBeUndefined();
    expect(env['no_proxy']).toBe('localhost,127.0.0.1,::1');
  });
});

test('an OS user is found by exactly its name', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nagent:x:1001:1002::/home/agent:\nbroken:x:abc:1:::\n';
  expect(userIn(passwd, 'agent')).toEqual({
    name: 'agent',
    uid: 1001,
    gid: 1002,
    home: '/home/agent',
    shell: '/bin/sh',
  });
  expect(userIn(passwd, 'age')).toBeUndefined();
  expect(userIn(passwd, 'broken')).toBeUndefined();
});
