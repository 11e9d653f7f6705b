import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Asking, dataOf, railwayPost } from './asking.ts';
import { allMutations, validArguments } from '../../demo/railway/double.ts';
import type { PutBack } from '../../src/contract/provider.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** What no undo takes back: the trace of what happened, and what ran meanwhile. */
const traces = /^(?:events|logs|auditLogs|workflows|deployments|notificationDeliveries|trackedEvents)\//;

/** A new row under another id, times and absent members apart: variables are known by their names. */
const byContent = /^variables\//;

let asking: Asking;

beforeAll(async () => {
  asking = await Asking.start();
});
afterAll(async () => {
  await asking.double.stop();
});

/** Every row of the double, as text under its table and id; times left out, null as absent. */
function world(): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const [table, all] of Object.entries(asking.double.state.snapshot())) {
    for (const [id, row] of Object.entries(all)) {
      const key = `${table}/${id}`;
      if (traces.test(key)) continue;
      const text = stable(row, byContent.test(key));
      rows.set(byContent.test(key) ? `${table}/${text}` : key, text);
    }
  }
  return rows;
}

function stable(value: unknown, withoutId: boolean): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (member === null || key === 'updatedAt' || key === 'createdAt' || (withoutId && key === 'id')) return undefined;
    if (typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => a.localeCompare(b)));
  });
}

interface Done {
  readonly before: ReadonlyMap<string, string>;
  readonly changed: ReadonlyMap<string, string>;
  readonly image: JsonObject;
}

async function doIt(query: string, variables: JsonObject): Promise<Done | undefined> {
  const reading = asking.provider.read(railwayPost({ query, variables }));
  const resolution = await asking.look(reading.resolve({ environments: asking.environments, reach: 'all' }));
  if (resolution.actions[0]?.reversibility !== 'reversible') return undefined;
  const { capture } = resolution;
  const [step] = reading.plan.steps;
  if (capture === undefined || step === undefined) throw new Error('reversible, and no capture');
  const before = world();
  const captured = await asking.look(capture());
  expect(captured.hashes.length).toBeGreaterThan(0);
  const answer = await asking.send(step);
  expect([dataOf(answer).errors, reading.outcome(answer)]).toEqual([undefined, 'done']);
  // As the road keeps it: through JSON, with what the answer brought.
  const image = JSON.parse(JSON.stringify({ ...captured.image, ...captured.fromAnswer?.(answer) })) as JsonObject;
  return { before, changed: world(), image };
}

async function putBack(image: JsonObject): Promise<PutBack> {
  return await asking.look(asking.provider.putBack(image, { environments: asking.environments, reach: 'all' }));
}

async function sendAll(plans: PutBack['plans']): Promise<void> {
  for (const plan of plans) {
    const reading = asking.provider.read(plan);
    expect(reading.plan.steps[0]).toEqual(plan);
    const answer = await asking.send(plan);
    expect([dataOf(answer).errors, reading.outcome(answer)]).toEqual([undefined, 'done']);
  }
}

describe("U1, U2: every reversible operation's inverse, run against the double", () => {
  it('U2 what was captured is put back, and the state is what it was', { timeout: 120_000 }, async () => {
    const undone: string[] = [];
    for (const name of allMutations(asking.double)) {
      await asking.double.reset();
      const ready = validArguments(name, asking.double, 'production');
      const query =
        name === 'privateNetworkEndpointCreateOrGet'
          ? ready.query.replace(/\{ \w+ \} \}$/, '{ publicId } }')
          : ready.query;
      let done: Done | undefined;
      try {
        done = await doIt(query, ready.variables as JsonObject);
      } catch (thrown) {
        // Denied before anything happened; whatever else goes wrong is this test's business.
        if (thrown instanceof Error && thrown.name === 'Refused') continue;
        throw thrown;
      }
      if (done === undefined) continue;
      const back = await putBack(done.image);
      expect([name, back.conflicts]).toEqual([name, []]);
      await sendAll(back.plans);
      const after = world();
      const different = [...new Set([...done.before.keys(), ...after.keys()])].filter(
        (key) => done.before.get(key) !== after.get(key),
      );
      expect([name, different.map((key) => [key, done.before.get(key), after.get(key)])]).toEqual([name, []]);
      undone.push(name);
    }
    expect(undone.length).toBeGreaterThanOrEqual(35);
    expect(undone).toContain('variableDelete');
    expect(undone).toContain('serviceInstanceUpdate');
  });
});

describe('variables', () => {
  const upsert = 'mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }';
  const place = (): JsonObject => {
    const { ids } = asking.double;
    return { projectId: ids.project, environmentId: ids.environments.production, serviceId: ids.services.counter };
  };
  const valueOf = async (name: string): Promise<unknown> => {
    const query =
      'query ($p: String!, $e: String!, $s: String) { variables(projectId: $p, environmentId: $e, serviceId: $s, unrendered: true) }';
    const { projectId: p, environmentId: e, serviceId: s } = place();
    const { data } = dataOf(await asking.send(railwayPost({ query, variables: { p, e, s } })));
    return (data?.['variables'] as JsonObject | undefined)?.[name];
  };

  it('U2 a new variable is deleted again, a changed one gets its value back', async () => {
    await asking.double.reset();
    const former = await valueOf('FEATURE_PICKUP');
    const fresh = await doIt(upsert, { i: { ...place(), name: 'COLOUR', value: 'red' } });
    const changed = await doIt(upsert, { i: { ...place(), name: 'FEATURE_PICKUP', value: 'changed' } });
    expect(await valueOf('COLOUR')).toBe('red');
    await sendAll((await putBack(fresh?.image ?? {})).plans);
    await sendAll((await putBack(changed?.image ?? {})).plans);
    expect(await valueOf('COLOUR')).toBeUndefined();
    expect(await valueOf('FEATURE_PICKUP')).toBe(former);
  });

  it('U2 a later write is a conflict, named; what is back already needs no plan', async () => {
    await asking.double.reset();
    const done = await doIt(upsert, { i: { ...place(), name: 'COLOUR', value: 'red' } });
    await asking.send(railwayPost({ query: upsert, variables: { i: { ...place(), name: 'COLOUR', value: 'blue' } } }));
    const back = await putBack(done?.image ?? {});
    expect(back.conflicts).toEqual([expect.stringContaining('`COLOUR`')]);
    await sendAll(back.plans);
    expect(await putBack(done?.image ?? {})).toMatchObject({ plans: [], conflicts: [] });
  });

  it('U1 a sealed variable cannot be read back, so writing over it is irreversible', async () => {
    await asking.double.reset();
    const resolution = await asking.resolve(upsert, { i: { ...place(), name: 'STRIPE_SECRET_KEY', value: 'x' } });
    expect(resolution.actions[0]).toMatchObject({ reversibility: 'irreversible', traits: ['credential'] });
    expect(resolution.capture).toBeUndefined();
  });

  it('S4 pointing a service at another database is a credential change, whatever the variable is called', async () => {
    await asking.double.reset();
    await asking.send(
      railwayPost({ query: upsert, variables: { i: { ...place(), name: 'PRIMARY', value: 'postgres://a:b@old/x' } } }),
    );
    const renamed = await asking.resolve(upsert, { i: { ...place(), name: 'PRIMARY', value: 'plain' } });
    expect(renamed.actions[0]?.traits).toContain('credential');
    const known = await asking.resolve(upsert, { i: { ...place(), name: 'DATABASE_URL', value: 'x' } });
    expect(known.actions[0]?.traits).toContain('credential');
    expect(known.facts.some((fact) => fact.value.includes('DATABASE_URL') && fact.tone === 'danger')).toBe(true);
  });
});

describe('creations', () => {
  it('U1 what the request does not ask the id of could not be taken away, so it is irreversible', async () => {
    await asking.double.reset();
    const { ids } = asking.double;
    const input = {
      projectId: ids.project,
      environmentId: ids.environments.production,
      serviceId: ids.services.counter,
      domain: 'x.example.com',
    };
    const without = await asking.resolve(
      'mutation ($i: CustomDomainCreateInput!) { customDomainCreate(input: $i) { domain } }',
      { i: input },
    );
    expect(without.actions[0]).toMatchObject({
      reversibility: 'irreversible',
      why: expect.stringContaining('ask for it as well') as string,
    });
    const skipped = await asking.resolve(
      'mutation ($i: CustomDomainCreateInput!) { customDomainCreate(input: $i) { id @skip(if: true) domain } }',
      { i: input },
    );
    expect(skipped.actions[0]?.reversibility).toBe('irreversible');
    const aliased = await doIt(
      'mutation ($i: CustomDomainCreateInput!) { d: customDomainCreate(input: $i) { key: id } }',
      { i: input },
    );
    const back = await putBack(aliased?.image ?? {});
    await sendAll(back.plans);
    expect([...world()]).toEqual([...(aliased?.before ?? [])]);
  });
});
