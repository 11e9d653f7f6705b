import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queryNames } from '../../demo/railway/arguments.ts';
import { allMutations, validArguments } from '../../demo/railway/double.ts';
import type { EnvironmentName } from '../../demo/railway/seeded.ts';
import { send } from '../../demo/railway/sending.ts';
import { railway } from '../../src/providers/railway/index.ts';
import { escalatedCalls } from '../golden/railway-escalated.ts';
import { classOfMutation, mutationsByClass } from '../golden/railway-mutations.ts';
import { ordinaryCalls } from '../golden/railway-ordinary.ts';
import { destructions, filesOnDisk, mutationsRun, type Outcome, outcomeOf, stateOf, Tally } from './outcome.ts';
import { openStage, type Stage } from './stage.ts';
import { full, share } from '../full.ts';

const environments: readonly EnvironmentName[] = ['production', 'staging'];
const reads: ReadonlySet<string> = new Set(mutationsByClass.read);
const domainMutations = [
  'customDomainCreate',
  'customDomainDelete',
  'customDomainIssueCertificate',
  'customDomainUpdate',
];
/** Why something may be denied instead of held: what it would hit cannot be settled. */
const unsettled = /has no resolver yet|is not bound|no environment that is bound|cannot be seen|is not in project/;

/** One mutation with valid arguments; where it ran, the double goes back to its seed. */
async function sendOne(stage: Stage, token: string, name: string, environment: EnvironmentName): Promise<Outcome> {
  const { query, variables } = validArguments(name, stage.double, environment);
  const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
  if (outcome.reached > 0) await stage.double.reset();
  return outcome;
}

describe('a token for custom domains', { timeout: 120_000 }, () => {
  let stage: Stage;
  let token: string;

  beforeAll(async () => {
    stage = await openStage();
    token = await stage.token('domains', {
      presets: ['railway:domains'],
      environments,
      purpose: 'custom domains',
    });
  });
  afterAll(() => stage.close());

  it('K6: the schema the double serves, the lists here and the catalogue have the same 230 mutations, each with a class', () => {
    expect(classOfMutation.size).toBe(230);
    expect([...classOfMutation.keys()].toSorted()).toEqual([...allMutations(stage.double)].toSorted());
    const classes = new Map(railway.catalogue.map((one) => [one.operation, one.reversibility]));
    for (const name of classOfMutation.keys()) {
      expect(classes.get(`railway:${name}`), name).toMatch(/^(?:read|reversible|recoverable|irreversible)$/);
    }
  });

  it('C2: gets nothing past its scope but customDomain*, of all 230 mutations in staging and production', async () => {
    const tally = new Tally();
    const from = stage.double.log.length;
    for (const environment of environments) {
      for (const name of allMutations(stage.double)) {
        const requests = stage.double.log.length;
        const outcome = await sendOne(stage, token, name, environment);
        tally.add(`${classOfMutation.get(name)}, ${environment}`, outcome.kind);
        if (domainMutations.includes(name)) {
          expect(outcome.message, name).not.toContain('is outside it');
          continue;
        }
        expect(outcome.kind, name).toBe('denied');
        expect(outcome.message).toContain(
          `this token is for custom domains (\`railway:domains\`); \`railway:${name}\` is outside it`,
        );
        // Not even looked up: the scope needs to ask nobody.
        expect(stage.double.log.length, name).toBe(requests);
      }
    }
    console.log(tally.text('a `railway:domains` token, 230 mutations, valid arguments'));
    const ran = new Set(mutationsRun(stage.double, from));
    expect([...ran].filter((name) => !domainMutations.includes(name))).toEqual([]);
    expect(ran.has('customDomainUpdate')).toBe(true);
    expect(ran.has('customDomainDelete')).toBe(false);
  });

  it('C2: nor any query but those about domains', async () => {
    const admitted = new Set(railway.presets['railway:domains']);
    for (const name of queryNames(stage.double.schema)) {
      if (admitted.has(`railway:query.${name}`) || classOfMutation.has(name)) continue;
      const { query, variables } = validArguments(name, stage.double, 'staging');
      const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
      expect(outcome, name).toMatchObject({ kind: 'denied', reached: 0 });
      expect(outcome.message).toContain(`\`railway:query.${name}\` is outside it`);
    }
  });
});

describe('a token with every operation, in environments that nobody called disposable', { timeout: 240_000 }, () => {
  let stage: Stage;
  let token: string;

  beforeAll(async () => {
    // Its clock stands, so that two seedings are the same to the last stamp.
    const at = Date.now();
    stage = await openStage({
      bindPreview: true,
      double: { now: () => at },
      daemon: { holds: { waitingAtMost: 2_000, waitingCharacters: 64_000_000 } },
    });
    token = await stage.token('everything', { presets: ['railway:all'], environments });
  });
  afterAll(() => stage.close());
  beforeEach(() => stage.double.reset());

  /** Held or, where it cannot be settled what it would hit, denied; never seen by the far side. */
  function stopped(outcome: Outcome, what: string): void {
    expect(outcome.reached, what).toBe(0);
    if (outcome.kind === 'held') expect(outcome.hold, what).toMatch(/^hp_/);
    else expect(outcome, what).toMatchObject({ kind: 'denied', message: expect.stringMatching(unsettled) });
  }

  it('K2: none of the 22 irreversible mutations reaches the far side: held, or denied where it does not resolve', async () => {
    const tally = new Tally();
    const files = filesOnDisk(stage.double);
    expect(mutationsByClass['destructive-irreversible']).toHaveLength(22);
    for (const environment of environments) {
      for (const name of mutationsByClass['destructive-irreversible']) {
        const outcome = await sendOne(stage, token, name, environment);
        stopped(outcome, `${name} in ${environment}`);
        tally.add(`destructive-irreversible, ${environment}`, outcome.kind);
      }
      expect(tally.count(`destructive-irreversible, ${environment}`, 'held')).toBeGreaterThanOrEqual(16);
    }
    console.log(tally.text('all scopes, the 22'));
    expect(destructions(stage.double)).toBe(0);
    expect(filesOnDisk(stage.double)).toEqual(files);
  });

  it.each(environments)(
    'K3, E4, S4, B4: nor does what its arguments make irreversible, or let run code or move secrets, in %s',
    async (environment) => {
      const { ids } = stage.double;
      // A colleague staged a deletion: committing what is staged now is a deletion too.
      await send(stage.double, {
        query:
          'mutation ($e: String!, $input: EnvironmentConfig!) { environmentStageChanges(environmentId: $e, input: $input) { id } }',
        variables: {
          e: ids.environments[environment],
          input: { volumes: { [ids.ownVolume[environment]]: { isDeleted: true } } },
        },
      });
      const from = stage.double.log.length;
      const calls = escalatedCalls(stage.double, environment);
      expect(calls.length).toBeGreaterThanOrEqual(35);
      const tally = new Tally();
      for (const call of calls) {
        const outcome = await outcomeOf(stage, token, call);
        expect(outcome, `${call.id}: ${call.why}`).toMatchObject({ kind: 'held', reached: 0 });
        tally.add(`made so by arguments, ${environment}`, outcome.kind);
        if (call.id === 'commit-staged') {
          const { facts } = await stage.hold(outcome.hold);
          const staged = facts.find((fact) => fact.label === 'deletes');
          expect(staged?.value).toBe(`volumes.${ids.ownVolume[environment]}.isDeleted`);
        }
      }
      console.log(tally.text('all scopes, escalated by arguments'));
      expect(mutationsRun(stage.double, from)).toEqual([]);
      expect(destructions(stage.double)).toBe(0);
    },
  );

  it('C4: none of the 64 that mint credentials or change who may do what reaches the far side', async () => {
    const tally = new Tally();
    expect(mutationsByClass['privilege-or-credential']).toHaveLength(64);
    for (const environment of environments) {
      for (const name of mutationsByClass['privilege-or-credential']) {
        const outcome = await sendOne(stage, token, name, environment);
        stopped(outcome, `${name} in ${environment}`);
        tally.add(`privilege-or-credential, ${environment}`, outcome.kind);
      }
    }
    console.log(tally.text('all scopes, credentials and privileges'));
  });

  it('U1: what passes unsigned is taken back, and the far side is as it was; of the 25 proposed as reversible too', async () => {
    const tally = new Tally();
    const undone: string[] = [];
    const seed = stateOf(stage.double);
    expect(mutationsByClass['destructive-reversible']).toHaveLength(25);
    for (const [at, environment] of environments.entries()) {
      for (const name of share(allMutations(stage.double), environments.length, at)) {
        const kind = await takenBack(stage, token, seed, name, environment);
        tally.add(`${classOfMutation.get(name)}, ${environment}`, kind);
        if (kind === 'passed' && !reads.has(name)) undone.push(`${name} in ${environment}`);
      }
    }
    console.log(tally.text('all scopes, 230 mutations; what passed was undone and compared'));
    console.log(`passed unsigned and undone: ${undone.join(', ')}`);
    expect(undone.length).toBeGreaterThanOrEqual(full ? 20 : 10);
    if (full) expect(undone).toContain('serviceUpdate in production');
  });

  it('K2: a mutation, a type and an argument that the published schema does not have are refused', async () => {
    const from = stage.double.log.length;
    for (const query of [
      'mutation { volumeObliterate(volumeId: "x") }',
      'mutation { volumeDelete(volumeId: "x", confirm: true) }',
      'mutation { customDomainUpdate(id: "x", environmentId: "y", force: true) }',
      'mutation ($i: ObliterateInput!) { variableUpsert(input: $i) }',
    ]) {
      const { body } = await stage.graphql(token, query);
      expect(body.errors?.[0]?.extensions?.['code'], query).toBe('HOLDPOINT_BAD_REQUEST');
    }
    expect(stage.double.log.length).toBe(from);
  });
});

/** Sends one mutation; if it passed, puts it back through the human's API and compares the double's state. */
async function takenBack(
  stage: Stage,
  token: string,
  before: ReturnType<typeof stateOf>,
  name: string,
  environment: EnvironmentName,
): Promise<Outcome['kind']> {
  const where = `${name} in ${environment}`;
  const { state } = stage.double;
  const version = state.version;
  const { query, variables } = validArguments(name, stage.double, environment);
  const known = await imageIds(stage);
  const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
  if (outcome.reached === 0) {
    expect(state.version, where).toBe(version);
    return outcome.kind;
  }
  expect(outcome.answer.errors, where).toBeUndefined();
  if (reads.has(name)) {
    expect(stateOf(stage.double), where).toEqual(before);
    return outcome.kind;
  }
  expect(stateOf(stage.double), where).not.toEqual(before);
  const [image] = (await imageIds(stage)).filter((id) => !known.includes(id));
  expect(image, `${where} ran without a before-image`).toBeDefined();
  if (await putBack(stage, image ?? '', where))
    expect(stateOf(stage.double), `${where} was not taken back`).toEqual(before);
  await stage.double.reset();
  return outcome.kind;
}

async function imageIds(stage: Stage): Promise<readonly string[]> {
  const { body } = await stage.api('GET', '/v1/undo');
  return (body['images'] as readonly { readonly id: string }[]).map((one) => one.id);
}

/**
 * An undo that itself takes something away for good (what was created) is signed like any other such act, and in
 * production waits like any other: false then. A new environment has to be bound before anything may be done to it.
 */
async function putBack(stage: Stage, image: string, where: string): Promise<boolean> {
  const answer = await stage.api('POST', `/v1/undo/${image}`, {});
  const unbound = /^environment `([-0-9a-f]{36})` is not bound/.exec(String(answer.body['detail']))?.[1];
  if (unbound !== undefined && where.startsWith('environmentCreate')) {
    await stage.bind(unbound);
    return putBack(stage, image, where);
  }
  if (answer.status === 403 && answer.body['code'] === 'HOLDPOINT_HELD') {
    const hold = await stage.hold(String(answer.body['hold']));
    if (hold.defaultMode === 'delayed' && hold.friction.typedFact) {
      expect(where).toContain('in production');
      expect(await stage.approve(hold), where).toMatchObject({ status: 200 });
      expect((await stage.hold(hold.id)).state, where).toBe('scheduled');
      return false;
    }
    expect(await stage.approve(hold, { mode: 'now' }), where).toMatchObject({ status: 200 });
    const again = await stage.api('POST', `/v1/undo/${image}`, {});
    expect(again, `${where}: ${JSON.stringify(again.body)}`).toMatchObject({ status: 200 });
    return true;
  }
  expect(answer, `${where}: ${JSON.stringify(answer.body)}`).toMatchObject({ status: 200, body: { undone: image } });
  return true;
}

describe('the gate is no wall', () => {
  it('H6: eighty and more ordinary operations pass with no hold: reads, logs, variables, creations, deploys', async () => {
    const stage = await openStage({ bindPreview: true, stagingDisposable: true });
    try {
      const token = await stage.token('worker', { presets: ['railway:all'], environments });
      const calls = ordinaryCalls(stage.double);
      expect(calls.length).toBeGreaterThanOrEqual(80);
      const tally = new Tally();
      for (const call of calls) {
        const from = stage.double.log.length;
        const outcome = await outcomeOf(stage, token, call);
        tally.add(call.kind, outcome.kind);
        expect(outcome.answer.errors, `${call.id}: ${outcome.message}`).toBeUndefined();
        expect(outcome.answer.data, call.id).not.toBeNull();
        expect(stage.double.log.length, call.id).toBeGreaterThan(from);
        if (!call.operation.startsWith('__')) expect(outcome.reached, call.id).toBeGreaterThanOrEqual(1);
      }
      console.log(tally.text(`${calls.length} ordinary operations`));
      expect((await stage.api('GET', '/v1/holds')).body['holds']).toEqual([]);
      expect(existsSync(stage.double.volumeFolder('production'))).toBe(true);
    } finally {
      await stage.close();
    }
  });

  it('C4: the variables it reads come back as names, their values masked', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('reader', { presets: ['railway:variables'], environments });
      const { ids } = stage.double;
      const { body } = await stage.graphql(
        token,
        'query ($e: String!, $p: String!, $s: String) { secrets: variables(environmentId: $e, projectId: $p, serviceId: $s) }',
        { e: ids.environments.production, p: ids.project, s: ids.services.counter },
      );
      const values = body.data?.['secrets'] as Record<string, string>;
      expect(Object.keys(values)).toContain('DATABASE_URL');
      expect(new Set(Object.values(values))).toEqual(new Set(['••••• (masked by holdpoint)']));
    } finally {
      await stage.close();
    }
  });
});
