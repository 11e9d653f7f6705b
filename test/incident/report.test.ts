import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type GraphqlAnswer, type Stage } from './stage.ts';
import type { IncidentReport } from '../../src/features/report/report.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
const volumeDelete = (volume: string): string => `mutation { volumeDelete(volumeId: "${volume}") }`;
const holdOf = (answer: GraphqlAnswer): string => String(answer.errors?.[0]?.extensions?.['hold']);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the report of the incident', { timeout: 60_000 }, () => {
  let stage: Stage;
  let home: string;
  let held: string;
  let question: string;

  const cli = async (args: readonly string[]): Promise<Ran> => {
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
  const reported = async (args: readonly string[]): Promise<IncidentReport> => {
    const ran = await cli(['report', ...args, '--json']);
    expect([ran.code, ran.stderr]).toEqual([0, expect.any(String)]);
    return JSON.parse(ran.stdout) as IncidentReport;
  };

  beforeAll(async () => {
    stage = await openStage();
    home = await mkdtemp(join(tmpdir(), 'holdpoint-report-'));
    const { ids } = stage.double;
    const domains = await stage.token('domains', {
      presets: ['railway:domains'],
      environments: ['staging', 'production'],
      purpose: 'custom domains',
    });
    question = holdOf((await stage.graphql(domains, volumeDelete(ids.volume))).body);
    const cursor = await stage.token('cursor', {
      presets: ['railway:all'],
      environments: ['staging', 'production'],
      purpose: 'staging chores',
    });
    const hold = await stage.hold(holdOf((await stage.graphql(cursor, volumeDelete(ids.volume))).body));
    held = hold.code;
    await stage.approve(hold);
    await stage.api('POST', `/v1/holds/${hold.code}/cancel`);
    await stage.graphql(
      cursor,
      `mutation { volumeUpdate(volumeId: "${ids.volume}", input: {name: "renamed"}) { id } }`,
    );
    const [image] = (await stage.api('GET', '/v1/undo')).body['images'] as { id: string }[];
    expect((await stage.api('POST', `/v1/undo/${image?.id}`, {})).status).toBe(200);
  });
  afterAll(async () => {
    await stage.close();
    await rm(home, { recursive: true, force: true });
  });

  it('J2: tells who minted the token and for what', async () => {
    const { tokens } = await reported([question]);
    expect(tokens).toMatchObject([{ principal: 'domains', purpose: 'custom domains', mintedBy: { name: 'jane' } }]);
    expect(tokens[0]?.presets).toEqual(['railway:domains']);
  });

  it('J2: tells what was tried, exactly, and which rule fired', async () => {
    const denied = (await reported([question])).asked;
    expect(denied.map((one) => one.outcome)).toEqual(['question', 'refused']);
    for (const one of denied) expect(one.exact.join()).toContain(stage.double.ids.volume);
    expect(denied.find((one) => one.outcome === 'refused')?.rules).toEqual(['the scope of the token']);
    const [asked] = (await reported([held])).asked;
    expect(asked).toMatchObject({ outcome: 'held', principal: 'cursor', gate: 'http', tier: 'T0' });
    expect(asked?.rules.length).toBeGreaterThan(0);
    expect(asked?.exact[0]).toMatch(/^POST https:\/\/backboard\.railway\.\w+\/graphql\/v2\n/);
    expect(asked?.exact[0]).toContain('volumeDelete');
  });

  it('J2: tells who signed, and at T0 that this proves no human', async () => {
    const { words, notKnown } = await reported([held]);
    expect(words).toMatchObject([
      { said: 'scheduled', by: 'jane', signed: true, typed: 'pg-data', proofOfHuman: false },
    ]);
    expect(notKnown.join()).toContain('that it was a human who signed');
  });

  it('J2: tells what took effect, what came back and what did not', async () => {
    const first = await reported([question]);
    expect(first.effects).toEqual([]);
    const { effects, cameBack, didNotComeBack } = await reported(['cursor']);
    expect(effects).toMatchObject([{ operations: ['railway:volumeUpdate'], outcome: 'done' }]);
    expect(effects[0]?.undoneAt).not.toBe('');
    expect(cameBack.map((one) => one.how).toSorted()).toEqual(['cancelled', 'undone']);
    expect(didNotComeBack).toEqual([]);
  });

  it('J2, J1: tells how far the journal can be believed', async () => {
    const { journal, gaps, timeline } = await reported(['--since', '1h']);
    expect(journal.verified).toMatchObject({ ok: true, keyFromDaemon: true, retained: 0 });
    expect(gaps).toEqual([]);
    expect(timeline.length).toBeGreaterThan(8);
    const key = String((await stage.api('GET', '/v1/journal/checkpoint')).body['key']);
    const file = join(home, 'journal.ndjson');
    expect((await cli(['journal', 'export', '--file', file])).code).toBe(0);
    const lines = (await readFile(file, 'utf8')).replace('staging chores', 'nothing at all');
    await writeFile(join(home, 'changed.ndjson'), lines);
    const changed = await cli(['report', held, '--file', join(home, 'changed.ndjson'), '--public-key', key]);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('**NOT WHOLE**');
    const whole = await cli(['report', held, '--file', file, '--public-key', key]);
    expect([whole.code, whole.stdout.includes('verified whole')]).toEqual([0, true]);
    expect((await cli(['report', held, '--file', file])).code).toBe(1);
  });

  it('J2: as Markdown it answers each question under a heading of its own', async () => {
    const { stdout, code } = await cli(['report', held]);
    expect(code).toBe(0);
    for (const heading of [
      'Whose token it was, who made it and what for',
      'What was asked, and which rule fired',
      'Who signed, and who refused',
      'What took effect',
      'What came back',
      'What did not come back',
      'How far this can be believed',
    ])
      expect(stdout).toContain(`## ${heading}`);
    expect(stdout).toContain('`staging chores`');
    expect(stdout).toContain('tier when it happened: T0');
  });

  it.each([
    [['report'], 2],
    [['report', 'hp_000000'], 2],
    [['report', 'nobody'], 2],
    [['report', '--from', 'yesterday'], 2],
    [['report', 'hp_000000', '--since', '1h'], 2],
  ])('J2: %j is a mistake and is said to be one', async (args, code) => {
    expect((await cli(args)).code).toBe(code);
  });

  it('H7: an agent is frozen by one command, which status tells; E3: a question is listed as one and cannot be signed', async () => {
    const listed = await cli(['hold', 'list']);
    expect(listed.stdout).toContain('a question: domains was denied railway:volumeDelete');
    const signed = await cli(['approve', question]);
    expect([signed.code, signed.stderr]).toEqual([3, expect.stringContaining('is a question')]);
    expect((await cli(['freeze', '--agent', 'cursor', '--why', 'drill'])).stdout).toContain(
      'FROZEN: cursor writes nothing',
    );
    expect((await cli(['status'])).stdout).toContain('FROZEN: cursor');
    expect((await cli(['thaw'])).stdout).toContain('holdpoint thaw --agent cursor');
    expect((await cli(['thaw', '--agent', 'somebody'])).code).toBe(2);
    expect((await cli(['freeze', '--agent', 'somebody'])).code).toBe(1);
    expect((await cli(['deny', question])).stdout).toContain('the goal is locked for domains');
  });
});
