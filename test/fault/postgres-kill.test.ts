import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DaemonClient } from './daemon-client.ts';
import { DaemonPool, type DaemonProcess } from './daemon-process.ts';
import { Dice, seedFor } from './journal-dice.ts';
import { Evidence } from './kill-evidence.ts';
import * as acts from './postgres-acts.ts';
import { momentOf, type Phase, phaseOf, phases, type Seen, Sightings, type Victim, victims } from './postgres-aim.ts';
import { openWatchedWire, type WatchedWire } from './postgres-wire.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { placesIn } from '../../src/daemon/places.ts';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { full } from '../full.ts';

const kills = Number(process.env['HOLDPOINT_KILLS'] ?? (full ? 200 : 4));
/** What is unknown is looked up again after a minute. */
const lookedUpAgain = 75_000;

interface Kill {
  readonly act: acts.Act;
  readonly aimed: Phase;
  readonly victim: Victim;
  /** What had been seen of the act when it was killed. */
  readonly seen: Seen;
  readonly since: string;
  readonly at: string;
}

class Story {
  readonly server: TestServer;
  readonly wire: WatchedWire;
  readonly client: DaemonClient;
  readonly pool: DaemonPool;
  readonly dice: Dice;
  readonly sightings = new Sightings();
  readonly acts: acts.Act[] = [];
  readonly kills: Kill[] = [];
  readonly retained: string[] = [];
  readonly approvals: string[] = [];
  starts = 1;
  #count = 0;

  constructor(parts: Pick<Story, 'server' | 'wire' | 'client' | 'pool' | 'dice'>) {
    this.server = parts.server;
    this.wire = parts.wire;
    this.client = parts.client;
    this.pool = parts.pool;
    this.dice = parts.dice;
  }

  get daemon(): DaemonProcess {
    return this.client.daemon;
  }

  /** One act in flight, and one victim of a kill on its way. */
  async kill(aimed: Phase): Promise<void> {
    const { dice, wire, sightings, client } = this;
    const victim = dice.pick(victims);
    const act = await this.#ready(dice.pick(acts.kinds));
    const since = new Date().toISOString();
    const seen = sightings.of(act.key);
    const aim = { phase: aimed, victim, daemon: this.daemon.pid, key: act.key, dice: dice.below(100) };
    const moment = momentOf(wire, sightings, aim);
    const asking = acts.carryOut(client, act);
    const { backend } = await moment;
    const at = new Date().toISOString();
    this.kills.push({ act, aimed, victim, seen: { ...seen }, since, at });
    await this.#killAndRestart(victim, backend, asking);
    await this.#lookAround();
  }

  async #ready(kind: acts.Kind): Promise<acts.Act> {
    const key = `act-${++this.#count}-end`;
    if (this.#count % 10 === 0) {
      await acts.held(this.client, this.server, `never-${this.#count}-end`);
      this.acts.push({ kind: 'unsigned', key: `never-${this.#count}-end`, said: ['nothing'] });
    }
    if (kind !== 'signed') {
      const act = { kind, key, said: [] };
      this.acts.push(act);
      return act;
    }
    const act = await acts.signed(this.client, this.server, key);
    this.approvals.push(act.number);
    this.acts.push(act);
    return act;
  }

  async #killAndRestart(victim: Victim, backend: number, asking: Promise<void>): Promise<void> {
    const { server, wire } = this;
    if (victim === 'daemon') {
      await this.daemon.kill();
      await asking;
      wire.watch = undefined;
      await this.startAgain();
      return;
    }
    const ready = await readied(server);
    const whole = victim === 'server' || !killed(backend);
    if (whole) await server.kill();
    wire.watch = undefined;
    await asking;
    if (whole) await server.start();
    else await expect.poll(() => readied(server), { timeout: 20_000, interval: 30 }).toBeGreaterThan(ready);
  }

  async startAgain(): Promise<void> {
    this.client.daemon = await this.pool.next();
    this.starts += 1;
  }

  /** Nothing is left running; what was signed and not seen to run is tried again: at most once in all may it take effect. */
  async #lookAround(): Promise<void> {
    const running = async (): Promise<unknown> =>
      (await this.client.api('GET', '/v1/holds?state=running')).body['holds'];
    await expect.poll(running, { timeout: 20_000, interval: 20 }).toEqual([]);
    this.retained.push(await this.client.checkpoint());
    const again = this.acts.findLast(({ hold, said }) => hold !== undefined && !said.includes('done'));
    if (again !== undefined && this.dice.below(2) === 0) await acts.carryOut(this.client, again);
  }
}

/** False where that process has ended by itself already. */
function killed(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** How often the server has come up, by its own log. */
async function readied(server: TestServer): Promise<number> {
  return (await server.log()).split('ready to accept connections').length;
}

async function tell(data: string): Promise<void> {
  const dice = new Dice(seedFor('postgres kill'));
  const flags = ['--data', data, '--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--tier', 'T0'];
  const pool = new DaemonPool(flags, `${data}-cache`);
  // The server thinks a while about each COMMIT, so that there is a middle of one.
  const opening = openPostgres({ settings: ['commit_delay=20000', 'commit_siblings=0'] });
  let wire: WatchedWire | undefined;
  try {
    const server = await opening;
    await acts.furnish(server);
    wire = await openWatchedWire(server.port);
    const client = new DaemonClient(data, await pool.next());
    await client.prepare(acts.configFor(wire.port), [acts.credential], acts.scope);
    const story = new Story({ server, wire, client, pool, dice });
    for (let kill = 0; kill < kills; kill++) await story.kill(phases[kill % phases.length] ?? 'sent');
    expect(await story.daemon.stop()).toBe(0);
    await story.startAgain();
    if (full) await settled(story);
    await check(story);
    expect(await story.daemon.stop()).toBe(0);
  } finally {
    await pool.close();
    wire?.close();
    await opening.then((server) => server.stop()).catch(() => undefined);
  }
}

async function evidenceOf(story: Story): Promise<Evidence> {
  return new Evidence((await story.client.journal()).lines);
}

/** What was unknown while the server could not be asked, and can be proved now, is proved within a minute. */
async function settled(story: Story): Promise<void> {
  const until = performance.now() + lookedUpAgain;
  const open = async (): Promise<boolean> =>
    (await evidenceOf(story)).sendings.some(({ settled: [last, more] }) => more === undefined && isUnknown(last));
  while ((await open()) && performance.now() < until) await wait(5_000);
}

const isUnknown = (entry: { readonly body: { readonly [name: string]: unknown } } | undefined): boolean =>
  entry?.body['outcome'] === 'unknown';

/** The truth is the server's rows and its log; everything that was said has to fit them. */
async function check(story: Story): Promise<void> {
  const { client, server } = story;
  const { lines, publicKey } = await client.journal();
  const report = await verifyJournal({ entries: lines, publicKey, retained: story.retained });
  expect(report).toMatchObject({ ok: true, findings: [], retained: story.retained.length });
  const evidence = new Evidence(lines);
  sayPhases(story, evidence);
  expect(evidence.starts).toHaveLength(story.starts);
  const numbers = JSON.stringify(evidence.entries.filter(({ kind }) => kind === 'approved'));
  for (const number of story.approvals) expect(numbers).toContain(number);
  const truth = await effects(story);
  const log = await server.log();
  const tally = { said: {}, journal: {}, last: {}, unknownButDone: 0, unknownAndNot: 0 };
  for (const act of story.acts) {
    const times = truth.get(act.key) ?? 0;
    checkSaid(act, times);
    for (const said of act.said) count(tally.said, said);
    const sendings = evidence.of(act.key);
    // Nothing twice, and nothing that the journal does not know of.
    expect(times, act.key).toBeLessThanOrEqual(1);
    expect(sendings.length, act.key).toBeGreaterThanOrEqual(times);
    if (act.kind !== 'signed') expect(sendings.length, act.key).toBeLessThanOrEqual(1);
    if (act.hold === undefined && act.kind !== 'unsigned') expect(ran(log, act.key), act.key).toBeLessThanOrEqual(1);
    const outcomes = sendings.map(({ settled: all }) => all.map(({ body }) => body['outcome'] as string));
    for (const each of outcomes) {
      expect(each.length, `${act.key} was settled`).toBeGreaterThan(0);
      each.forEach((outcome) => count(tally.journal, outcome));
      count(tally.last, each.at(-1) ?? '');
    }
    const all = outcomes.flat();
    if (all.includes('done')) expect(times, `${act.key} done by the journal`).toBe(1);
    if (outcomes.every((each) => each.includes('failed'))) expect(times, `${act.key} failed by the journal`).toBe(0);
    // A signature is good for one run: only what is proved not to have been sent gives it back.
    expect(outcomes.filter((each) => !each.includes('failed')).length, act.key).toBeLessThanOrEqual(1);
    if (outcomes.some((each) => each.at(-1) === 'unknown'))
      tally[times === 1 ? 'unknownButDone' : 'unknownAndNot'] += 1;
  }
  await checkHolds(story, truth);
  console.log(
    `postgres kill: ${kills} kills, ${story.acts.length} acts, ${report.entries} entries verified; ${JSON.stringify(tally)}`,
  );
}

const effects = (story: Story): Promise<ReadonlyMap<string, number>> => acts.effects(story.server);

/** The agent was never told wrong: of a signed act each try speaks for itself alone. */
function checkSaid({ kind, key, said }: acts.Act, times: number): void {
  if (said.some((one) => one === 'done' || one === 'effect')) expect(times, `${key} was said to be done`).toBe(1);
  if (kind === 'unsigned' || said.every((one) => one === 'nothing')) expect(times, `${key} was refused`).toBe(0);
  expect(said.filter((one) => one === 'done').length, key).toBeLessThanOrEqual(1);
}

/** What a hold says is what happened; what waits, waits. */
async function checkHolds({ client, acts: all }: Story, truth: ReadonlyMap<string, number>): Promise<void> {
  for (const { key, hold } of all) {
    if (hold === undefined) continue;
    const { state } = await client.hold(hold);
    if (state === 'done') expect(truth.get(key), `${key} is done`).toBe(1);
    else if (state !== 'unknown') expect(truth.get(key), `${key} is ${state}`).toBe(0);
  }
}

/** How often the server was given the statement to run, by its log. */
function ran(log: string, key: string): number {
  return log.split('\n').filter((line) => /LOG: +(?:statement|execute [^:]*): insert/.test(line) && line.includes(key))
    .length;
}

function count(tally: { [name: string]: number }, name: string): void {
  tally[name] = (tally[name] ?? 0) + 1;
}

function sayPhases(story: Story, evidence: Evidence): void {
  const hit: { [phase: string]: { [victim: string]: number } } = {};
  const said = story.kills.map(({ act, aimed, victim, seen, since, at }) => {
    const recorded = evidence.of(act.key).some(({ intent }) => intent.at >= since && intent.at <= at);
    const phase = phaseOf(seen, recorded);
    count((hit[phase] ??= {}), victim);
    return `${act.kind}/${victim}:${aimed}${phase === aimed ? '' : `→${phase}`}(${act.said.join('+')})`;
  });
  console.log(`postgres kill, each: ${said.join(' ')}`);
  console.log(`postgres kill, phases hit: ${JSON.stringify(hit)}`);
  if (kills >= phases.length) for (const phase of phases) expect(hit[phase], `${phase} was hit`).toBeDefined();
}

describe('SIGKILL of the daemon, or of the server, round the COMMIT', () => {
  it(
    `F2, H2: ${kills} kills in every phase; every outcome that is told is what the server did`,
    { timeout: 90_000 + lookedUpAgain + kills * 10_000 },
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'holdpoint-postgres-kill-'));
      try {
        await tell(data);
        const store = await openSqliteStore({ path: placesIn(data).database });
        expect(await store.find('clearances', { where: { state: 'sent' } })).toEqual([]);
        await store.close();
      } finally {
        for (const folder of [data, `${data}-cache`]) await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
