import { writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type DoubleRig, openDoubleRig, upsert, variable, volumeDelete } from './double-rig.ts';
import { type ChildReport, type Errno, FileFaults } from './file-faults.ts';
import { exported, origin } from './journal-place.ts';
import type { Person } from '../contract/rig.ts';
import type { Outcome } from '../../src/contract/road.ts';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import type { Hold } from '../../src/model/hold.ts';
import { openJournal } from '../../src/road/journal/journal.ts';
import { runHold } from '../../src/road/run.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { keyFile } from '../../src/upstream/vault/key-file.ts';
import { openVault } from '../../src/upstream/vault/vault.ts';

/** One act that is tried while its file calls fail; it says what it became, and afterwards what is wrong. */
interface Scenario {
  /** Made ready without a fault. */
  prepare(): Promise<void>;
  act(): Promise<string>;
  /** After the disk is well again. */
  check(said: string): Promise<readonly string[]>;
  close(): Promise<readonly string[]>;
}

/** `file-faults.test.ts` starts it with the library loaded. */
const [control = '', folder = '', name = '', stride = '1'] = process.argv.slice(2);

async function main(): Promise<void> {
  const faults = new FileFaults(control);
  const scenario = await (name === 'open' ? opening() : name === 'rotate' ? rotating() : onRoad(name));
  const report = {
    scenario: name,
    injected: 0,
    tried: 0,
    outcomes: {} as Record<string, number>,
    wrong: [] as string[],
  };
  for (const errno of ['EIO', 'ENOSPC'] as readonly Errno[]) {
    for (const times of [1, 1_000_000]) {
      // Ends with the first call that is not made any more.
      for (let call = 1, failed = 1; failed > 0 && call < 2_000 && report.wrong.length === 0; call += Number(stride)) {
        await scenario.prepare();
        faults.arm(call, errno, times);
        if (process.env['HOLDPOINT_FAULT_SAY'] === '1') process.stderr.write(`${errno} ×${times} at ${call}\n`);
        const said = await scenario.act().catch((thrown: unknown) => `threw ${String(thrown).slice(0, 120)}`);
        failed = faults.disarm();
        report.tried += 1;
        report.injected += failed;
        report.outcomes[said] = (report.outcomes[said] ?? 0) + 1;
        const wrong = await scenario.check(said);
        report.wrong.push(...wrong.map((one) => `${errno} ×${times} at call ${call}, ${said}: ${one}`));
      }
    }
  }
  report.wrong.push(...(await scenario.close()));
  faults.close();
  writeSync(1, `${JSON.stringify(report satisfies ChildReport)}\n`);
}

/** The whole road before the double. */
async function onRoad(what: string): Promise<Scenario> {
  const stage = await openDoubleRig({ data: folder });
  const jane = await stage.rig.person('jane');
  const road = new RoadScenario(stage, jane, what);
  return road;
}

class RoadScenario implements Scenario {
  readonly #stage: DoubleRig;
  readonly #jane: Person;
  readonly #what: string;
  #count = 0;
  #hold: Hold | undefined;
  #before = { arrivals: 0, intents: 0 };
  /** Promised: hold ids, numbers of approvals, names of vault entries. */
  readonly #held: string[] = [];
  readonly #numbers: string[] = [];
  readonly #entries: string[] = [];

  constructor(stage: DoubleRig, jane: Person, what: string) {
    this.#stage = stage;
    this.#jane = jane;
    this.#what = what;
  }

  get #mutation(): string {
    return this.#what === 'write' ? 'variableUpsert' : 'volumeDelete';
  }

  async prepare(): Promise<void> {
    const { rig, double } = this.#stage;
    this.#count += 1;
    await double.reset();
    for (const state of ['waiting', 'approved'])
      for (const { id } of await rig.road.holds.list(state as Hold['state'])) await rig.road.holds.withdraw(id, 'test');
    this.#hold = undefined;
    if (this.#what === 'approve' || this.#what === 'run') this.#hold = await this.#stage.hold(await this.#delete());
    if (this.#what === 'run' && this.#hold !== undefined) await this.#approve(this.#hold);
    this.#before = { arrivals: this.#stage.arrivals(this.#mutation), intents: await this.#intents() };
  }

  async act(): Promise<string> {
    const { rig, double } = this.#stage;
    switch (this.#what) {
      case 'write':
        return told(await this.#stage.ask(upsert, variable(double, 'FAULT', `value ${this.#count}`)));
      case 'hold': {
        const outcome = await this.#delete();
        if (outcome.kind === 'refused' && outcome.refusal.code === 'HELD') this.#held.push(outcome.refusal.hold ?? '');
        return told(outcome);
      }
      case 'approve':
        if (this.#hold !== undefined) await this.#approve(this.#hold);
        return 'approved';
      case 'run':
        return told(await runHold(rig.road, this.#hold?.id ?? '', this.#stage.agent.principal));
      case 'read': {
        const outcome = await this.#stage.ask(
          `query { environment(id: "${double.ids.environments.staging}") { id name } }`,
        );
        await rig.journal.latestCheckpoint();
        return told(outcome);
      }
      case 'vault': {
        const entry = {
          name: `e${this.#count}`,
          provider: 'railway',
          environment: 'staging',
          kind: 'bearer',
          reach: 'all',
          note: '',
        } as const;
        await rig.store.transact((tx) => rig.vault.add(tx, { ...entry, secret: `secret ${this.#count}` }));
        this.#entries.push(entry.name);
        return (await rig.vault.open(entry.name)).secret === `secret ${this.#count}` ? 'added' : 'another secret';
      }
      default:
        throw new Error(`no scenario \`${this.#what}\``);
    }
  }

  async check(said: string): Promise<readonly string[]> {
    const { journal } = this.#stage.rig;
    for (let tries = 0; !journal.healthy && tries < 400; tries++) await wait(10);
    const wrong: string[] = journal.healthy ? [] : ['the journal did not come back'];
    // What was sent is settled by now, or as soon as it can be written down.
    for (let tries = 0; (await this.#open()) > 0 && tries < 400; tries++) await wait(10);
    if ((await this.#open()) > 0) wrong.push('what was sent is not settled');
    const arrived = this.#stage.arrivals(this.#mutation) - this.#before.arrivals;
    const intents = (await this.#intents()) - this.#before.intents;
    if (arrived > 1) wrong.push(`it arrived ${arrived} times`);
    if (arrived > intents) wrong.push('it arrived and no intent was recorded');
    if (said === 'done' && (this.#what === 'write' || this.#what === 'run') && arrived !== 1)
      wrong.push('done, and nothing arrived');
    if (said !== 'done' && said !== 'OUTCOME_UNKNOWN' && arrived > 0) wrong.push('it arrived all the same');
    if (said === 'another secret') wrong.push(said);
    return wrong;
  }

  async close(): Promise<readonly string[]> {
    const { rig } = this.#stage;
    const lines: string[] = [];
    for await (const line of rig.journal.export()) lines.push(line);
    const publicKey = rig.journal.verifierKey;
    const wrong: string[] = [];
    const report = await verifyJournal({ entries: lines, publicKey });
    if (!report.ok) wrong.push(`the journal does not verify: ${JSON.stringify(report.findings.slice(0, 3))}`);
    for (const hold of this.#held)
      if ((await rig.road.holds.find(hold)) === undefined) wrong.push(`hold ${hold} is lost`);
    for (const number of this.#numbers)
      if ((await rig.store.get('approvals', number)) === undefined) wrong.push('an approval is lost');
    for (const entry of this.#entries)
      if ((await rig.store.get('vault', entry)) === undefined) wrong.push(`vault entry ${entry} is lost`);
    await this.#stage[Symbol.asyncDispose]();
    return wrong;
  }

  async #open(): Promise<number> {
    return (await this.#stage.rig.store.find('clearances', { where: { state: 'sent' } })).length;
  }

  #delete(): Promise<Outcome> {
    return this.#stage.ask(volumeDelete(this.#stage.double.ids.ownVolume.staging));
  }

  async #approve(hold: Hold): Promise<void> {
    const approval = this.#jane.approve(hold, { mode: 'now' });
    await this.#stage.rig.road.holds.approve(hold.id, approval);
    this.#numbers.push(approval.statement.number);
  }

  async #intents(): Promise<number> {
    const entries = await this.#stage.rig.store.find('entries', { where: { 'entry.kind': 'intent' } });
    return entries.length;
  }
}

function told(outcome: Outcome): string {
  return outcome.kind === 'done' ? 'done' : outcome.refusal.code;
}

const clock = { now: () => Date.now() };
const secret = 'the same all the time';

/** Opening store, vault and journal of an installation that is there, writing an entry, and closing them. */
async function opening(): Promise<Scenario> {
  const key = generateKeyPairSync('ed25519').privateKey;
  let recorded = 0;
  const once = async (): Promise<string> => {
    const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
    try {
      const vault = await openVault({ store, clock, key: keyFile(join(folder, 'keys', 'vault.key')) });
      if (vault.entry('one') === undefined)
        await store.transact((tx) =>
          vault.add(tx, {
            name: 'one',
            provider: 'railway',
            environment: 'staging',
            kind: 'bearer',
            reach: 'all',
            note: '',
            secret,
          }),
        );
      await vault.refresh();
      if ((await vault.open('one')).secret !== secret) return 'another secret';
      const journal = await openJournal({ store, clock, key, origin });
      try {
        await journal.record({ kind: 'alarmed', body: { about: 'test', text: 'fault' } });
        recorded += 1;
      } finally {
        await journal.close();
      }
      return 'opened';
    } finally {
      await store.close();
    }
  };
  return {
    prepare: () => Promise.resolve(),
    act: once,
    async check(said) {
      const wrong = said === 'another secret' ? [said] : [];
      const again = await once().catch((thrown: unknown) => `threw ${String(thrown)}`);
      return again === 'opened' ? wrong : [...wrong, `it does not open any more: ${again}`];
    },
    async close() {
      const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
      const journal = await openJournal({ store, clock, key, origin });
      const report = await verifyJournal({ entries: await exported(store), publicKey: journal.verifierKey });
      const kept = (await journal.find({ kind: 'alarmed' })).filter(({ body }) => body['about'] === 'test').length;
      await journal.close();
      await store.close();
      return [
        ...(report.ok ? [] : [`the journal does not verify: ${JSON.stringify(report.findings.slice(0, 3))}`]),
        ...(kept >= recorded ? [] : [`${recorded - kept} acknowledged entries are lost`]),
      ];
    },
  };
}

/** Every credential under a new key. */
async function rotating(): Promise<Scenario> {
  const path = join(folder, 'keys', 'vault.key');
  const store = await openSqliteStore({ path: join(folder, 'state', 'holdpoint.db') });
  const first = await openVault({ store, clock, key: keyFile(path) });
  await store.transact((tx) =>
    first.add(tx, {
      name: 'one',
      provider: 'railway',
      environment: 'staging',
      kind: 'bearer',
      reach: 'all',
      note: '',
      secret,
    }),
  );
  let vault = first;
  return {
    async prepare() {
      vault = await openVault({ store, clock, key: keyFile(path) });
    },
    async act() {
      await vault.rotateKey(keyFile(path));
      return 'rotated';
    },
    async check() {
      try {
        const opened = await openVault({ store, clock, key: keyFile(path) });
        return (await opened.open('one')).secret === secret ? [] : ['another secret'];
      } catch (thrown) {
        return [`the vault does not open any more: ${String(thrown)}`];
      }
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
      return [];
    },
  };
}

try {
  await main();
  process.exit(0);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
  process.exit(1);
}
