import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DaemonClient } from './daemon-client.ts';
import { DaemonPool } from './daemon-process.ts';
import { Dice, seedFor } from './journal-dice.ts';
import { Evidence } from './kill-evidence.ts';
import { type Moment, momentOf, Sightings, type Victim, victims } from './postgres-aim.ts';
import { openWatchedWire, type WatchedWire } from './postgres-wire.ts';
import * as acts from './undo-acts.ts';
import { full } from '../full.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { digests } from '../postgres/undo-world.ts';
import type { BeforeImage } from '../../src/contract/api.ts';
import { textIn } from '../../src/contract/store.ts';

const kills = Number(process.env['HOLDPOINT_KILLS'] ?? (full ? 200 : 6));
/** Most of what can go wrong lies between the change and the COMMIT, so most kills do too. */
const phases = ['capturing', 'recorded', 'capturing', 'sent', 'capturing', 'settling'] as const;
type Phase = (typeof phases)[number];

interface Kill {
  readonly act: acts.SecuredAct;
  readonly phase: Phase;
  readonly victim: Victim;
}

interface Story {
  readonly server: TestServer;
  readonly wire: WatchedWire;
  readonly client: DaemonClient;
  readonly pool: DaemonPool;
  readonly dice: Dice;
  readonly sightings: Sightings;
  readonly kills: Kill[];
}

/** At one of the messages between the change and its COMMIT, whichever chance says: the capture and its rehearsal. */
function whileCapturing({ wire, dice }: Story, key: string): Promise<Moment> {
  const { promise, resolve } = Promise.withResolvers<Moment>();
  let left = dice.below(70);
  let backend = 0;
  let changed = false;
  let reached = false;
  const there = (): void => {
    reached = true;
    resolve({ backend });
  };
  wire.watch = ({ at, text, before, backend: process }) => {
    if (reached) return 'hold';
    const mine = before.some((one) => one.includes(key));
    if (mine) backend = process;
    if (mine && at === 'answered' && text.includes(key)) changed = true;
    // The second line's messages count as well.
    if (!changed || (left-- > 0 && !(mine && text === 'COMMIT'))) return 'pass';
    there();
    return 'hold';
  };
  const late = setTimeout(there, 15_000);
  return promise.then((moment) => {
    clearTimeout(late);
    wire.freeze();
    return moment;
  });
}

async function kill(story: Story, number: number): Promise<void> {
  const { dice, wire, sightings, client, server, pool } = story;
  const act: acts.SecuredAct = { kind: dice.pick(acts.kinds), key: acts.keyOf(number), said: [] };
  const phase = phases[number % phases.length] ?? 'capturing';
  const victim = dice.pick(victims);
  sightings.of(act.key);
  const aim = { victim, daemon: client.daemon.pid, key: act.key, dice: dice.below(100) };
  const moment = phase === 'capturing' ? whileCapturing(story, act.key) : momentOf(wire, sightings, { ...aim, phase });
  const asking = acts.carryOut(client, act);
  const { backend } = await moment;
  story.kills.push({ act, phase, victim });
  if (victim === 'daemon') await client.daemon.kill();
  else if (victim === 'server' || !killed(backend)) await server.kill();
  wire.watch = undefined;
  await asking;
  if (victim === 'daemon') client.daemon = await pool.next();
  else await up(server);
  const running = async (): Promise<unknown> => (await client.api('GET', '/v1/holds?state=running')).body['holds'];
  await expect.poll(running, { timeout: 20_000, interval: 20 }).toEqual([]);
}

/** False where that process has ended by itself already. */
function killed(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** A server that lost a backend comes back by itself; one that was killed is started. */
async function up(server: TestServer): Promise<void> {
  const answers = (): Promise<boolean> =>
    server.query('select 1').then(
      () => true,
      () => false,
    );
  for (let time = 0; time < 20; time++) {
    if (await answers()) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await server.start();
}

/** Every act that took effect has its image, and by its image everything is as it was. */
async function check(story: Story, before: Awaited<ReturnType<typeof digests>>): Promise<void> {
  const { client, server } = story;
  const evidence = new Evidence((await client.journal()).lines);
  const changed = await acts.effects(server);
  const listed = (await client.api('GET', '/v1/undo')).body['images'] as readonly BeforeImage[];
  const states = new Map(listed.map(({ id, state }) => [id, state]));
  const tally = { committed: 0, withImage: 0, takenBack: 0, unknown: 0, phases: {} as Record<string, number> };
  const live: string[] = [];
  for (const { act, phase, victim } of story.kills) {
    const hit = changed.get(act.key) ?? acts.rowsOfAct;
    expect([0, acts.rowsOfAct], `${act.key} is whole or not at all`).toContain(hit);
    const took = hit > 0;
    const at = `${phase}/${victim}${took ? ' committed' : ''}`;
    tally.phases[at] = (tally.phases[at] ?? 0) + 1;
    if (act.said.includes('done') || act.said.includes('effect'))
      expect(took, `${act.key} was said to be done`).toBe(true);
    if (act.said.includes('nothing')) expect(took, `${act.key} was refused`).toBe(false);
    if (act.said.includes('unknown')) tally.unknown += 1;
    if (!took) continue;
    tally.committed += 1;
    const images = evidence.of(act.key).map(({ intent }) => textIn(intent.body, 'image'));
    expect(images, `${act.key} was journaled once, with its image`).toEqual([expect.stringMatching(/^im_/)]);
    expect(states.get(images[0] ?? ''), `${act.key} can be undone`).toMatch(/^(?:secured|settled)$/);
    tally.withImage += 1;
    live.push(images[0] ?? '');
  }
  for (const image of live.toReversed()) {
    const { status, body } = await client.api('POST', `/v1/undo/${image}`, {});
    expect(status, `${image}: ${JSON.stringify(body)}`).toBe(200);
    tally.takenBack += 1;
  }
  expect(await digests(server)).toEqual(before);
  console.log(`undo kill: ${kills} kills; ${JSON.stringify(tally)}`);
}

async function tell(data: string): Promise<void> {
  const dice = new Dice(seedFor('undo kill'));
  const flags = ['--data', data, '--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--tier', 'T0'];
  const pool = new DaemonPool(flags, `${data}-cache`);
  const opening = openPostgres({ settings: ['commit_delay=20000', 'commit_siblings=0'] });
  let wire: WatchedWire | undefined;
  try {
    const server = await opening;
    await acts.furnish(server, kills);
    const before = await digests(server);
    wire = await openWatchedWire(server.port);
    const client = new DaemonClient(data, await pool.next());
    const scope = { gates: ['postgres'], presets: ['postgres:write'], environments: ['staging'] };
    await client.prepare(acts.configFor(wire.port), acts.credentials, scope);
    const story: Story = { server, wire, client, pool, dice, sightings: new Sightings(), kills: [] };
    for (let number = 1; number <= kills; number++) await kill(story, number);
    expect(await client.daemon.stop()).toBe(0);
    client.daemon = await pool.next();
    await check(story, before);
    expect(await client.daemon.stop()).toBe(0);
  } finally {
    await pool.close();
    wire?.close();
    await opening.then((server) => server.stop()).catch(() => undefined);
  }
}

it(
  `F2, U1, U2: ${kills} kills between capture, journal and COMMIT; what was committed has its whole image, and comes back by it`,
  { timeout: 90_000 + kills * 12_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'holdpoint-undo-kill-'));
    try {
      await tell(data);
    } finally {
      for (const folder of [data, `${data}-cache`]) await rm(folder, { recursive: true, force: true });
    }
  },
);
