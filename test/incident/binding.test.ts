import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaves, misshapen, mutated } from './binding-mutation.ts';
import { paperMessage, PaperFarSide } from './binding-paper.ts';
import { openRig, type Person, type Rig } from '../contract/rig.ts';
import { Dice, seedFor } from '../fault/journal-dice.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Asked, Bearer, Outcome } from '../../src/contract/road.ts';
import { actionDigest, type ActionRequest } from '../../src/model/action-request.ts';
import type { Approval, Hold } from '../../src/model/hold.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { Refused, type Refusal } from '../../src/model/refusal.ts';
import { mediate } from '../../src/road/mediate.ts';
import { runHold } from '../../src/road/run.ts';
import { openTimers } from '../../src/road/timers.ts';
import { full } from '../full.ts';

const each = Number(process.env['HOLDPOINT_TORTURE'] ?? (full ? 200 : 40));
const minute = 60_000;

let folder: string;
let far: PaperFarSide;
let paper: Provider;
let rig: Rig;
let agent: Bearer;
let other: Bearer;
let jane: Person;
let john: Person;
let dice: Dice;
let made = 0;
/** What was legitimately sent: one for each run that was allowed. */
let legitimate = 0;

beforeAll(async () => {
  dice = new Dice(seedFor('approval binding'));
  // Nothing here is about the disk: in memory it goes faster.
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdpoint-binding-'));
  far = new PaperFarSide();
  paper = far.provider();
  const entry = { provider: 'paper', secret: 'real', address: 'https://paper.example' } as const;
  rig = await openRig({
    data: folder,
    providers: [paper],
    upstreams: [far.upstream()],
    environments: [
      { name: 'production', production: true, disposable: false, bindings: { paper: ['p'] } },
      { name: 'staging', production: false, disposable: false, bindings: { paper: ['s'] } },
    ],
    entries: {
      'paper-production': { ...entry, environment: 'production', reach: 'all' },
      'paper-staging': { ...entry, environment: 'staging', reach: 'environment' },
    },
  });
  agent = await rig.bearer('cursor');
  other = await rig.bearer('claude');
  jane = await rig.person('jane');
  john = await rig.person('john');
});

afterAll(async () => {
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

/** A random message on fresh things, so that no case knows another. */
function someMessage(): HttpMessage {
  const thing = (): string => {
    const id = `thing-${++made}`;
    const environments = dice.pick([['production'], ['staging'], ['production', 'staging']]);
    const dependents = Array.from({ length: dice.below(4) }, (_, at) => `${id}-backup-${at}`);
    far.things.set(id, { name: `name of ${id}`, environments, within: [`project-${dice.below(9)}`], dependents });
    return id;
  };
  const operations = Array.from({ length: 1 + dice.below(2) }, (_, at) => ({
    operation: `paper:drop${at}`,
    ids: Array.from({ length: 1 + dice.below(2) }, thing),
  }));
  const headers = Array.from({ length: dice.below(3) }, (_, at): [string, string] => [
    `x-${at}`,
    String(dice.below(99)),
  ]);
  return paperMessage({ operations, note: `case ${made}` }, headers);
}

const ask = (message: HttpMessage, more: Partial<Asked> = {}): Promise<Outcome> =>
  mediate(rig.road, { gate: 'toy', bearer: agent, provider: paper, message, reading: paper.read(message), ...more });

const run = (hold: Hold): Promise<Outcome> =>
  runHold(
    rig.road,
    dice.pick([hold.id, hold.code]),
    dice.pick([agent.principal, { ...agent.principal, kind: 'human' }]),
  );

function refusalOf(outcome: Outcome): Refusal {
  if (outcome.kind === 'done') throw new Error('it was not refused');
  return outcome.refusal;
}

interface Case {
  readonly message: HttpMessage;
  readonly hold: Hold;
  readonly approval: Approval;
}

async function held(): Promise<{ readonly message: HttpMessage; readonly hold: Hold }> {
  const message = someMessage();
  const { code, hold } = refusalOf(await ask(message));
  expect(code).toBe('HELD');
  return { message, hold: await holdOf(hold) };
}

async function approved(mode: 'now' | 'delayed' = 'now'): Promise<Case> {
  const { message, hold } = await held();
  const approval = jane.approve(hold, { mode });
  return { message, approval, hold: await rig.road.holds.approve(hold.id, approval) };
}

async function holdOf(code: string | undefined): Promise<Hold> {
  const hold = await rig.road.holds.find(code ?? '');
  if (hold === undefined) throw new Error(`there is no hold ${code}`);
  return hold;
}

/** What an attacker with the store's file, and without a signer's key, could do. */
const tamper = (hold: Hold, change: object): Promise<void> =>
  rig.store.transact(async (tx) => tx.put('holds', hold.id, { ...(await tx.get('holds', hold.id)), ...change }));
const tamperApproval = (approval: Approval, change: (approval: unknown) => unknown): Promise<void> =>
  rig.store.transact(async (tx) => {
    const key = approval.statement.number;
    const record = await tx.get('approvals', key);
    await tx.put('approvals', key, { ...record, approval: change(record?.['approval']) as JsonObject });
  });
/** Between cases: an agent has only so many holds waiting. */
async function clearTheDesk(): Promise<void> {
  for (const hold of await rig.road.holds.list('waiting')) await rig.road.holds.withdraw(hold.id, 'test');
}
const withdrawIfOpen = async (hold: Hold): Promise<void> => {
  await rig.road.holds.withdraw(hold.id, 'test').catch(() => undefined);
};

/** Runs a class of cases; all have to be refused in one of its ways, and nothing may reach the far side meanwhile. */
async function refuseAll(
  name: string,
  ways: { readonly [way: string]: RegExp },
  work: () => Promise<Refusal>,
): Promise<void> {
  const seen: { [way: string]: number } = {};
  for (let count = 0; count < each; count++) {
    await clearTheDesk();
    const before = far.sent.length;
    const expected = legitimate;
    const refusal = await work();
    const said = `${refusal.code}: ${refusal.detail}`;
    const way = Object.entries(ways).find(([, pattern]) => pattern.test(said))?.[0];
    expect(way, `case ${count} of ${name} was refused for another reason: ${said}`).toBeDefined();
    expect(far.sent.length, `case ${count} of ${name} reached the far side`).toBe(before + legitimate - expected);
    seen[way ?? ''] = (seen[way ?? ''] ?? 0) + 1;
  }
  console.log(`binding, ${name}: ${each} refused ${JSON.stringify(seen)}`);
}

/** A rejected signature as the refusal that it is. */
async function rejected(promise: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await promise.then(
    () => new Error('it was accepted'),
    (cause: unknown) => cause,
  );
  if (thrown instanceof Refused) return thrown.refusal;
  throw thrown;
}

describe('an approval covers exactly one act, once', () => {
  it('H2: what was signed runs, byte for byte, exactly once (the measure of all cases below)', async () => {
    for (let count = 0; count < each; count++) {
      const { message, hold } = await approved();
      const outcome = dice.below(2) === 0 ? await run(hold) : await ask(message);
      expect(outcome.kind).toBe('done');
      legitimate += 1;
      expect(far.sent.at(-1)).toEqual(message);
    }
    expect(far.sent).toHaveLength(legitimate);
    console.log(`binding, unchanged: ${each} ran once each`);
  });

  it('H2: any member of the kept request changed after the approval', async () => {
    const touched = new Set<string>();
    await refuseAll(
      'request changed in the store',
      { kept: /^DENIED: what is kept of hold hp_\w+ is not what was held/ },
      async () => {
        const { hold } = await approved();
        const path = dice.pick(leaves(hold.request));
        touched.add(path.map((step) => (typeof step === 'number' ? '*' : step)).join('.'));
        const change = dice.below(4) === 0 ? misshapen : mutated;
        await tamper(hold, { request: change(hold.request, path, dice) });
        return refusalOf(await run(hold));
      },
    );
    // Every member of the digest at every depth was among them.
    const { hold } = await held();
    const all = leaves(hold.request).map((path) =>
      path.map((step) => (typeof step === 'number' ? '*' : step)).join('.'),
    );
    if (each >= 200) expect([...new Set(all)].filter((path) => !touched.has(path))).toEqual([]);
    console.log(`binding, members changed: ${[...touched].sort().join(', ')}`);
  });

  it('H2: the kept request changed and its digest made to fit', async () => {
    const ways = {
      'changed since': /^HELD: .*what hp_\w+ was signed for has changed since/,
      'not over this': /^HELD: .*the signature on hp_\w+ does not serve: it is not over exactly this/,
      token: /^DENIED: the token behind hold hp_\w+ is revoked/,
      upstream: /^DENIED: upstream `.*` is not configured any more/,
      plan: /^(DENIED: the plan that is kept|BAD_REQUEST|DENIED: paper thing `.*` is unknown)/,
      scope: /^DENIED: .*(gate|token|operation)/,
      principal: /^DENIED: hold hp_\w+ belongs to another principal/,
      policy: /^DENIED: the policy could not be evaluated/,
    };
    await refuseAll('request and digest changed in the store', ways, async () => {
      const { hold } = await approved();
      const request = mutated(hold.request, dice.pick(leaves(hold.request)), dice) as ActionRequest;
      await tamper(hold, { request, digest: actionDigest(request) });
      return refusalOf(await run(hold));
    });
  });

  it('H2: request, digest and the approval’s own digest changed together', async () => {
    const ways = {
      signature: /^DENIED: the signature is not by an enrolled signer over exactly this/,
      'changed since': /^HELD: .*what hp_\w+ was signed for has changed since/,
      plan: /^(DENIED: the plan that is kept|BAD_REQUEST|DENIED: paper thing `.*` is unknown)/,
    };
    await refuseAll('request, digest and approval changed in the store', ways, async () => {
      const { hold, approval } = await approved();
      const paths = leaves(hold.request).filter(
        ([first]) => first === 'plan' || first === 'settings' || first === 'affected',
      );
      const request = mutated(hold.request, dice.pick(paths), dice) as ActionRequest;
      const digest = actionDigest(request);
      await tamper(hold, { request, digest });
      await tamperApproval(approval, (record) => {
        const { statement, ...rest } = record as Approval;
        return { ...rest, statement: { ...statement, digest } };
      });
      return refusalOf(await run(hold));
    });
  });

  it('H1, H2: a retry with other values, another token, gate, setting or principal is another act', async () => {
    const second = await rig.bearer('cursor');
    const ways = { another: /^HELD: /, 'not understood': /^BAD_REQUEST: /, denied: /^DENIED: / };
    await refuseAll('retry with other values', ways, async () => {
      const { message, hold } = await approved();
      const refusal = refusalOf(await retried(message, second));
      expect(refusal.hold).not.toBe(hold.code);
      return refusal;
    });
  });

  it('H2: a replay, by run, by asking again, by the same signature again, and with the store set back', async () => {
    const ways = {
      'run again': /^DENIED: hold hp_\w+ is done/,
      'asked again': /^HELD: (?!.*signature on)/,
      'signed again':
        /^DENIED: (hold hp_\w+ is done|this signature was used before|the signature is over something else)/,
      'set back': /^DENIED: what was signed on hp_\w+ was spent before/,
    };
    await refuseAll('replay', ways, async () => {
      const { message, hold, approval } = await approved();
      expect((await run(hold)).kind).toBe('done');
      legitimate += 1;
      switch (dice.below(5)) {
        case 0:
          return refusalOf(await run(hold));
        case 1:
          return refusalOf(await ask(message));
        case 2:
          return rejected(rig.road.holds.approve(hold.id, approval));
        case 3: {
          const next = await holdOf(refusalOf(await ask(message)).hold);
          return rejected(rig.road.holds.approve(next.id, approval));
        }
        default:
          await tamper(hold, { state: 'approved' });
          return refusalOf(dice.below(2) === 0 ? await run(hold) : await ask(message));
      }
    });
  });

  it('F2, H2: of many that spend it at once, one does', async () => {
    let refusals = 0;
    for (let count = 0; count < each; count++) {
      await clearTheDesk();
      const { message, hold } = await approved();
      const racers = Array.from({ length: 2 + dice.below(7) }, () => (dice.below(2) === 0 ? run(hold) : ask(message)));
      const outcomes = await Promise.all(racers);
      const done = outcomes.filter((outcome) => outcome.kind === 'done');
      expect(done, `case ${count}`).toHaveLength(1);
      legitimate += 1;
      expect(far.sent, `case ${count}`).toHaveLength(legitimate);
      for (const outcome of outcomes)
        if (outcome.kind === 'refused') expect(['HELD', 'DENIED', 'OUTCOME_UNKNOWN']).toContain(outcome.refusal.code);
      refusals += outcomes.length - 1;
    }
    console.log(`binding, concurrent double spend: ${each} races, one sent in each, ${refusals} refused`);
  });

  it('H2: withdrawn', async () => {
    const ways = {
      run: /^DENIED: hold hp_\w+ is withdrawn/,
      asked: /^HELD: /,
      signed: /^DENIED: hold hp_\w+ is withdrawn/,
    };
    await refuseAll('withdrawn', ways, async () => {
      const { message, hold } = await held();
      const first = dice.below(2) === 0;
      if (first) await rig.road.holds.approve(hold.id, jane.approve(hold));
      await rig.road.holds.withdraw(hold.id, 'cursor');
      if (!first) return rejected(rig.road.holds.approve(hold.id, jane.approve(hold)));
      const refusal = refusalOf(dice.below(2) === 0 ? await run(hold) : await ask(message));
      expect(refusal.code === 'HELD' && refusal.hold === hold.code).toBe(false);
      return refusal;
    });
  });

  it('H2, H5: expired, whether it waited too long or its signature did', async () => {
    const ways = {
      'signature over': /^HELD: .*the signature on hp_\w+ does not serve: it is good from .* to /,
      swept: /^DENIED: hold hp_\w+ is expired/,
      'waited too long': /^DENIED: hold hp_\w+ expired at /,
    };
    await refuseAll('expired', ways, async () => {
      const { message, hold } = await held();
      if (dice.below(3) === 0) {
        rig.clock.step(24 * 60 * minute + 1 + dice.below(1000));
        return rejected(rig.road.holds.approve(hold.id, jane.approve(hold)));
      }
      await rig.road.holds.approve(hold.id, jane.approve(hold));
      rig.clock.step(15 * minute + 1 + dice.below(60 * minute));
      const swept = dice.below(2) === 0;
      if (swept) await rig.road.holds.sweep();
      return refusalOf(swept || dice.below(2) === 0 ? await run(hold) : await ask(message));
    });
  });

  it('H7: frozen at any moment before the send', async () => {
    let frozenAtSend = 0;
    far.beforeEffect = () => void (rig.road.freeze.state.frozen && frozenAtSend++);
    let inTime = 0;
    await refuseAll('frozen', { frozen: /^FROZEN: jane stopped all agent writes/ }, async () => {
      for (;;) {
        const { message, hold } = await approved();
        const running = dice.below(2) === 0 ? run(hold) : ask(message);
        // A chance moment on the way; the road takes a handful of turns.
        for (let turns = dice.below(6); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
        const freezing = rig.road.freeze.freeze('jane', 'stop');
        const [outcome] = await Promise.all([running, freezing]);
        await rig.store.transact((tx) => rig.road.freeze.thaw(tx, 'jane')).then((thawed) => thawed());
        if (outcome.kind === 'refused') {
          // Nothing left: the signature is still worth what it was, and to nobody more than once.
          expect((await holdOf(hold.id)).state).toBe('approved');
          await withdrawIfOpen(hold);
          return outcome.refusal;
        }
        legitimate += 1;
        inTime += 1;
      }
    });
    far.beforeEffect = () => undefined;
    expect(frozenAtSend).toBe(0);
    console.log(`binding, frozen: ${inTime} more were sent before the freeze came, none after`);
  });

  it('H2: drifted: what would be hit is not what was shown', async () => {
    const ways = {
      'changed since': /^HELD: .*what hp_\w+ was signed for has changed since/,
      'asked anew': /^HELD: (?!.*has changed since)/,
      gone: /^DENIED: paper (thing|environment) `.*` is (unknown|not bound)/,
    };
    await refuseAll('drifted', ways, async () => {
      const { message, hold } = await approved();
      const ids = hold.request.actions.flatMap((action) => action.resources.map((one) => one.id));
      const id = dice.pick(ids);
      const thing = far.things.get(id);
      if (thing === undefined) throw new Error('it was there');
      const drifts: readonly (typeof thing | 'gone')[] = [
        { ...thing, name: `${thing.name} renamed` },
        { ...thing, environments: thing.environments.length === 1 ? ['production', 'staging'] : ['staging'] },
        { ...thing, environments: ['nowhere'] },
        { ...thing, within: [...thing.within, 'another project'] },
        { ...thing, dependents: [...thing.dependents, `${id}-new-backup`] },
        ...(thing.dependents.length === 0 ? [] : [{ ...thing, dependents: thing.dependents.slice(1) }]),
        'gone',
      ];
      const drift = dice.pick(drifts);
      if (drift === 'gone') far.things.delete(id);
      else far.things.set(id, drift);
      const refusal = refusalOf(dice.below(2) === 0 ? await run(hold) : await ask(message));
      expect(refusal.hold).not.toBe(hold.code);
      return refusal;
    });
  });

  it('H2: the signer was removed meanwhile', async () => {
    await refuseAll('signer removed', { signer: /^DENIED: the signature is not by an enrolled signer/ }, async () => {
      const { message, hold } = await held();
      const leaving = await rig.person(`leaver-${dice.below(1e9)}`);
      await rig.road.holds.approve(hold.id, leaving.approve(hold));
      await rig.store.transact((tx) => rig.road.signers.remove(tx, leaving.signer.id));
      return refusalOf(dice.below(2) === 0 ? await run(hold) : await ask(message));
    });
  });

  it('H2: any member of the kept approval changed, or the approval moved to another hold', async () => {
    const ways = {
      signature: /^DENIED: the signature is not by an enrolled signer over exactly this/,
      'not over this': /^HELD: .*the signature on hp_\w+ does not serve: it is not over exactly this/,
      'not signed': /^(HELD|DENIED): hold hp_\w+ is waiting/,
    };
    await refuseAll('approval changed in the store', ways, async () => {
      const { hold, approval } = await approved();
      if (dice.below(8) === 0) {
        const next = await held();
        const number = `${approval.statement.number.slice(0, -3)}xyz`;
        await rig.store.transact((tx) =>
          tx.insert('approvals', number, {
            hold: next.hold.id,
            digest: next.hold.digest,
            approval: approval as unknown as JsonObject,
          }),
        );
        await tamper(next.hold, { state: 'approved', schedule: hold.schedule });
        return refusalOf(await run(next.hold));
      }
      const path = dice.pick(leaves(approval));
      const shape = path.length > 1 && dice.below(5) === 0;
      await tamperApproval(approval, (record) =>
        shape
          ? { ...(record as Approval), statement: misshapen((record as Approval).statement, path.slice(1), dice) }
          : mutated(record, path, dice),
      );
      return refusalOf(await run(hold));
    });
  });

  it('H2: a signature by another key, given at the approval or put into the store', async () => {
    const stranger = await rig.person('stranger');
    await rig.store.transact((tx) => rig.road.signers.remove(tx, stranger.signer.id));
    await refuseAll(
      'another key',
      { signature: /^DENIED: the signature is not by an enrolled signer over exactly this/ },
      async () => {
        const forger = dice.pick([john, stranger]);
        const { hold } = await held();
        if (dice.below(2) === 0) {
          const change = dice.pick([{ signer: jane.signer.id }, { signer: 'sg_nobody' }]);
          return rejected(rig.road.holds.approve(hold.id, forger.approve(hold, change)));
        }
        const approval = jane.approve(hold);
        await rig.road.holds.approve(hold.id, approval);
        const forged = forger.approve(hold, approval.statement);
        await tamperApproval(approval, () => forged);
        return refusalOf(await run(hold));
      },
    );
  });

  it('H2: the window edited: the hold’s, the signed one’s, or signed wider than may be', async () => {
    const ways = {
      'signed window': /^(HELD|DENIED): .*the signature on hp_\w+ does not serve: it is good from .* to /,
      signature: /^DENIED: the signature is not by an enrolled signer over exactly this/,
      'too wide': /^DENIED: (a signature for now is good for 15 minutes at most|the signed window is)/,
    };
    const wide = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2099-01-01T00:00:00.000Z' };
    await refuseAll('window edited', ways, async () => {
      const mode = dice.pick(['now', 'delayed'] as const);
      if (dice.below(4) === 0) {
        const { hold } = await held();
        const change = dice.pick([
          wide,
          { notAfter: wide.notAfter },
          { notBefore: wide.notAfter, notAfter: wide.notBefore },
        ]);
        return rejected(rig.road.holds.approve(hold.id, jane.approve(hold, { mode, ...change })));
      }
      const { hold, approval } = await approved(mode);
      await tamper(hold, { schedule: wide, ...(dice.below(2) === 0 ? { state: 'approved' } : {}) });
      if (dice.below(2) === 0)
        await tamperApproval(approval, (record) => ({
          ...(record as Approval),
          statement: { ...(record as Approval).statement, ...wide },
        }));
      if (mode === 'now') rig.clock.step(15 * minute + 1 + dice.below(1000));
      const refusal = refusalOf(await run(hold));
      await withdrawIfOpen(hold);
      return refusal;
    });
  });

  it('H4: the varying fact typed wrong, also when the kept one was changed to fit', async () => {
    const ways = {
      typed: /^DENIED: what was typed is not `/,
      'not the fact': /^HELD: .*what was typed is not what policy asks for/,
    };
    await refuseAll('typed fact wrong', ways, async () => {
      for (;;) {
        const { hold } = await held();
        if (!hold.friction.typedFact) continue;
        const wrong = dice.pick([
          '',
          'yes',
          'delete',
          'production',
          hold.code,
          ` ${hold.varyingFact}`,
          hold.varyingFact.toUpperCase(),
          `${hold.varyingFact}x`,
        ]);
        if (dice.below(2) === 0) return rejected(rig.road.holds.approve(hold.id, jane.approve(hold, { typed: wrong })));
        await tamper(hold, { varyingFact: wrong });
        await rig.road.holds.approve(hold.id, jane.approve(hold, { typed: wrong }));
        return refusalOf(await run(hold));
      }
    });
  });

  it('C2, H2: the token revoked; one that only expired changes nothing', async () => {
    const ways = {
      withdrawn: /^DENIED: hold hp_\w+ is withdrawn/,
      revoked: /^DENIED: the token behind hold hp_\w+ is revoked/,
    };
    await refuseAll('token revoked', ways, async () => {
      const bearer = await rig.bearer(`agent-${dice.below(1e9)}`);
      const message = someMessage();
      const hold = await holdOf(refusalOf(await ask(message, { bearer })).hold);
      await rig.road.holds.approve(hold.id, jane.approve(hold));
      const withdraw = dice.below(2) === 0;
      await rig.store.transact(async (tx) => {
        await rig.identity.revoke(tx, bearer.token.id, 'jane');
        if (withdraw) await rig.road.holds.withdrawAllOf(tx, bearer.token.id);
      });
      return refusalOf(
        await runHold(rig.road, hold.id, dice.pick([bearer.principal, { ...bearer.principal, kind: 'human' }])),
      );
    });
  });

  it('U3: a delayed one: early, cancelled, late or after a restart of the timer, fires never or once', async () => {
    const timers = openTimers(rig.road, rig.clock);
    const ways = {
      early: /^SCHEDULED: /,
      cancelled: /^DENIED: hold hp_\w+ is cancelled/,
      expired: /^DENIED: hold hp_\w+ is expired/,
    };
    await refuseAll('delayed', ways, async () => {
      const { message, hold } = await approved('delayed');
      const what = dice.below(3);
      if (what === 0) {
        await timers.tick();
        const refusal = refusalOf(dice.below(2) === 0 ? await run(hold) : await ask(message));
        await rig.road.holds.cancel(hold.id, 'jane');
        return refusal;
      }
      if (what === 1) await rig.road.holds.cancel(hold.id, 'jane');
      rig.clock.step((48 + (what === 1 ? 1 : 25)) * 60 * minute);
      await timers.tick();
      return refusalOf(await run(hold));
    });
  });

  it('H2: the far side’s own log: nothing but what was signed, nothing twice', () => {
    expect(far.sent).toHaveLength(legitimate);
    const notes = far.sent.map((message) => Buffer.from(message.body).toString());
    expect(new Set(notes).size).toBe(legitimate);
    console.log(`binding: ${far.sent.length} messages reached the far side, each signed for, none twice`);
  });
});

/** The same message with one thing changed, asked for by the agent. */
async function retried(message: HttpMessage, second: Bearer): Promise<Outcome> {
  const bytes = Uint8Array.from(message.body);
  const flip = dice.below(bytes.length);
  bytes[flip] = (bytes[flip] ?? 0) ^ (1 << dice.below(8));
  const [first, ...headers] = message.headers;
  const changes: readonly (readonly [Partial<HttpMessage>, Partial<Asked>])[] = [
    [{ method: dice.pick(['PUT', 'DELETE', 'post']) }, {}],
    [{ origin: 'https://paper.example:443' }, {}],
    [{ path: dice.pick(['/act/', '/act?x=1', '/ACT']) }, {}],
    [{ headers }, {}],
    [{ headers: [...message.headers, ['x-new', '1']] }, {}],
    [{ headers: [[first?.[0] ?? '', `${first?.[1] ?? ''} `], ...headers] }, {}],
    [{ body: bytes }, {}],
    [{ body: bytes }, {}],
    [{}, { gate: 'http' }],
    [{}, { settings: { search_path: 'elsewhere' } }],
    [{}, { bearer: second }],
    [{}, { bearer: other }],
  ];
  const [change, more] = dice.pick(changes);
  const next: HttpMessage = { ...message, ...change } as HttpMessage;
  try {
    return await ask(next, more);
  } catch (thrown) {
    // What cannot be read is refused by the gate before it comes to the road.
    if (thrown instanceof Refused) return { kind: 'refused', refusal: thrown.refusal };
    throw thrown;
  }
}
