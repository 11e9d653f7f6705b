import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = new Rig();
  expect((await rig.up()).code).toBe(0);
}, 60_000);
afterAll(() => rig.close());

describe('holdpoint backup status', () => {
  test('B1 what is configured and has no copy says so, and is no success', async () => {
    const none = await rig.run(['backup', 'status']);
    expect(none).toMatchObject({ code: 1, stdout: expect.stringContaining('no backup is configured') });
    const where = 'provider: postgres, environment: staging, address: "postgres://127.0.0.1:1/app", private: true';
    const config = `version: 1
environments: { staging: { production: false, postgres: [pg] } }
upstreams:
  pg: { ${where}, credential: "vault:pg" }
  pg-backup: { ${where}, credential: "vault:pg-backup", replication: true }
backups:
  pg: { source: pg-backup, stores: [disk], recovery: age1${'q'.repeat(58)} }
stores:
  disk: { keeper: /run/keeper/socket }
`;
    const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', config)]);
    expect(applied.code, applied.stderr).toBe(0);
    const said = await rig.run(['backup', 'status']);
    expect(said, said.stderr).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('backup pg (staging): NO COPY'),
    });
    const json = await rig.run(['backup', 'status', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ backups: [{ name: 'pg', verdict: 'none' }] });
    const { upstreams } = await rig.json<{ upstreams: readonly { name: string }[] }>(['status']);
    expect(upstreams.map((one) => one.name)).toEqual(['pg']);
  }, 60_000);
});
