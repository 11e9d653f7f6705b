import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type GraphqlAnswer, type Stage } from './stage.ts';
import type { Replay } from '../../src/cli/replay.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
const shipped = join(import.meta.dirname, '../../policy');
const codeOf = (answer: GraphqlAnswer): unknown => answer.errors?.[0]?.extensions?.['code'];

/** The default policy's files with one text in place of another. */
const files = (change: (name: string, text: string) => string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(shipped)
      .filter((name) => name.endsWith('.cedar'))
      .map((name) => [name, change(name, readFileSync(join(shipped, name), 'utf8'))]),
  );

const everything = `@id("anything")
@reason("somebody wrote this")
permit (principal, action == Action::"perform", resource)
when { context.reversibility == Reversibility::"irreversible" || context.reversibility == Reversibility::"recoverable" };
`;
const nothing = `@id("no-renames")
@reason("nobody renames anything")
forbid (principal, action == Action::"perform", resource)
when { context.operation == "railway:volumeUpdate" };
`;

describe('a policy replayed over the journal before it is applied', { timeout: 60_000 }, () => {
  let stage: Stage;
  let home: string;

  const cli = async (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const token = (await readFile(stage.daemon.places.humanToken, 'utf8')).trim();
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      NO_COLOR: '1',
      HOLDPOINT_DATA: join(home, 'none'),
      HOLDPOINT_URL: stage.daemon.addresses.api,
      HOLDPOINT_TOKEN: token,
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [bin, ...args], { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  };
  const replayed = async (policies: Record<string, string>): Promise<Replay> => {
    const directory = await mkdtemp(join(home, 'policy-'));
    for (const [name, text] of Object.entries(policies)) await writeFile(join(directory, name), text);
    const ran = await cli(['policy', 'replay', '--policies', directory, '--json']);
    expect(ran.code).toBe(0);
    return JSON.parse(ran.stdout) as Replay;
  };

  beforeAll(async () => {
    stage = await openStage();
    home = await mkdtemp(join(tmpdir(), 'holdpoint-replay-'));
    await mkdir(join(home, 'none'));
    const { ids } = stage.double;
    const token = await stage.token('cursor', { presets: ['railway:all'], environments: ['staging', 'production'] });
    const held = await stage.graphql(token, `mutation { volumeDelete(volumeId: "${ids.volume}") }`);
    expect(codeOf(held.body)).toBe('HOLDPOINT_HELD');
    for (const name of ['one', 'two']) {
      const rename = `mutation { volumeUpdate(volumeId: "${ids.volume}", input: {name: "${name}"}) { id } }`;
      expect(codeOf((await stage.graphql(token, rename)).body)).toBeUndefined();
    }
    const domains = await stage.token('domains', { presets: ['railway:domains'], environments: ['staging'] });
    await stage.graphql(domains, `mutation { volumeDelete(volumeId: "${ids.volume}") }`);
  });
  afterAll(async () => {
    await stage.close();
    await rm(home, { recursive: true, force: true });
  });

  it('H2: the policy in force changes no decision', async () => {
    const found = await replayed(files((_, text) => text));
    expect(found).toMatchObject({ judged: 3, skipped: 0, changes: [] });
  });

  it('H2: what would run that was held is said to widen, and stands first', async () => {
    const found = await replayed(
      files((name, text) =>
        name === 'allow.cedar' ? `${text}\n${everything}` : name === 'traits.cedar' ? nothing : text,
      ),
    );
    expect(
      found.changes.map(({ from, to, widens, operations, count }) => [from, to, widens, operations, count]),
    ).toEqual([
      ['hold', 'allow', true, ['railway:volumeDelete'], 1],
      ['allow', 'deny', false, ['railway:volumeUpdate'], 2],
    ]);
    expect(found.changes[0]).toMatchObject({ principals: ['cursor'], rules: ['allow/anything'] });
    expect(found.changes[0]?.latest.code).toMatch(/^hp_/);
  });

  it('H2: so is an environment that is said to be no production any more', async () => {
    const { text } = (await stage.api('GET', '/v1/policy')).body['applied'] as { text: string };
    const file = join(home, 'holdpoint.yaml');
    await writeFile(
      file,
      text.replace('production: { production: true,', 'production: { production: false, disposable: true,'),
    );
    const ran = await cli(['policy', 'replay', '--file', file]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/WIDENS hold → hold, with less asked of people: railway:volumeDelete in production/);
  });

  it('H2, C2: only a human may replay, and what is not valid is refused', async () => {
    const token = await stage.token('curious', { presets: ['railway:all'], environments: ['staging'] });
    const ask = (bearer: string): Promise<Response> =>
      fetch(`${stage.daemon.addresses.api}/v1/policy/replay`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: '{}',
      });
    expect((await ask(token)).status).toBe(403);
    const bad = {
      text: 'version: 1',
      policies: { 'a.cedar': 'permit everything' },
      kind: 'held',
      since: '2026-01-01T00:00:00Z',
    };
    expect((await stage.api('POST', '/v1/policy/replay', bad)).status).toBe(400);
  });

  it('H2: it is bounded in time, and says where it stopped', async () => {
    const ran = await cli(['policy', 'replay', '--default-policy', '--for', '0s', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout) as Replay).toMatchObject({
      judged: 0,
      stopped: expect.stringContaining('the time was up'),
    });
  });
});
