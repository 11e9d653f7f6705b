import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Asking, dataOf, railwayPost } from './asking.ts';
import { Undoing } from './undoing.ts';
import type { JsonObject } from '../../src/model/json.ts';

let asking: Asking;
let undoing: Undoing;

beforeAll(async () => {
  asking = await Asking.start();
  undoing = new Undoing(asking);
});
afterAll(async () => {
  await asking.double.stop();
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
    const fresh = await undoing.doIt(upsert, { i: { ...place(), name: 'COLOUR', value: 'red' } });
    const changed = await undoing.doIt(upsert, { i: { ...place(), name: 'FEATURE_PICKUP', value: 'changed' } });
    expect(await valueOf('COLOUR')).toBe('red');
    await undoing.sendAll((await undoing.putBack(fresh?.image ?? {})).plans);
    await undoing.sendAll((await undoing.putBack(changed?.image ?? {})).plans);
    expect(await valueOf('COLOUR')).toBeUndefined();
    expect(await valueOf('FEATURE_PICKUP')).toBe(former);
  });

  it('U2 a later write is a conflict, named; what is back already needs no plan', async () => {
    await asking.double.reset();
    const done = await undoing.doIt(upsert, { i: { ...place(), name: 'COLOUR', value: 'red' } });
    await asking.send(railwayPost({ query: upsert, variables: { i: { ...place(), name: 'COLOUR', value: 'blue' } } }));
    const back = await undoing.putBack(done?.image ?? {});
    expect(back.conflicts).toEqual([expect.stringContaining('`COLOUR`')]);
    await undoing.sendAll(back.plans);
    expect(await undoing.putBack(done?.image ?? {})).toMatchObject({ plans: [], conflicts: [] });
  });

  it('U1 a sealed variable cannot be read back, so writing over it is irreversible', async () => {
    await asking.double.reset();
    const resolution = await asking.resolve(upsert, { i: { ...place(), name: 'STRIPE_SECRET_KEY', value: 'x' } });
    expect(resolution.actions[0]).toMatchObject({
      reversibility: 'irreversible',
      traits: ['credential', 'runs-code'],
    });
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
  it('U1 what the request does not ask the id of is asked for all the same, and the answer keeps its shape', async () => {
    await asking.double.reset();
    const { ids } = asking.double;
    const input = {
      projectId: ids.project,
      environmentId: ids.environments.production,
      serviceId: ids.services.counter,
      domain: 'x.example.com',
    };
    const mutation = (selection: string): string =>
      `mutation ($i: CustomDomainCreateInput!) { ${selection} } fragment F on Mutation { f: customDomainCreate(input: $i) { domain } }`;
    for (const [selection, shape] of [
      ['customDomainCreate(input: $i) { domain }', { customDomainCreate: { domain: 'x.example.com' } }],
      ['d: customDomainCreate(input: $i) { id @skip(if: true) domain }', { d: { domain: 'x.example.com' } }],
      ['...F', { f: { domain: 'x.example.com' } }],
    ] as const) {
      const query = selection === '...F' ? mutation(selection) : mutation(selection).replace(/ fragment .*$/, '');
      const done = await undoing.doIt(query, { i: input });
      expect(done?.answered, selection).toEqual({ data: shape });
      await undoing.sendAll((await undoing.putBack(done?.image ?? {})).plans);
      expect([...undoing.world()], selection).toEqual([...(done?.before ?? [])]);
    }
    const conditional = await asking.resolve(
      'mutation ($i: CustomDomainCreateInput!) { customDomainCreate(input: $i) @skip(if: false) { id } }',
      { i: input },
    );
    expect(conditional.actions[0]).toMatchObject({
      reversibility: 'irreversible',
      why: expect.stringContaining('may be left out') as string,
    });
    const aliased = await undoing.doIt(
      'mutation ($i: CustomDomainCreateInput!) { d: customDomainCreate(input: $i) { key: id } }',
      { i: input },
    );
    const back = await undoing.putBack(aliased?.image ?? {});
    await undoing.sendAll(back.plans);
    expect([...undoing.world()]).toEqual([...(aliased?.before ?? [])]);
  });

  it('K5 an alias of ours that stands for something else clashes, and is refused', async () => {
    const query = 'mutation ($i: CustomDomainCreateInput!) { customDomainCreate(input: $i) { holdpoint_id: domain } }';
    expect(() => asking.provider.read(railwayPost({ query, variables: { i: {} } }))).toThrow(/^BAD_REQUEST/);
  });
});
