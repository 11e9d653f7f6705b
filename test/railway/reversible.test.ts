import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Asking, railwayPost } from './asking.ts';
import { different, Undoing } from './undoing.ts';
import { allMutations, validArguments } from '../../demo/railway/double.ts';
import { type Row, text } from '../../demo/railway/json.ts';
import { Refused } from '../../src/model/refusal.ts';
import { forAWhile, kindestCalls, neverInFact, reversibleByUs } from '../golden/railway-reversible.ts';
import { classOfMutation } from '../golden/railway-mutations.ts';

let asking: Asking;
let undoing: Undoing;
let now = Date.now();

beforeAll(async () => {
  asking = await Asking.start({ now: () => now });
  undoing = new Undoing(asking);
});
afterAll(async () => {
  await asking.double.stop();
});

/** Of a deployment nothing stays but which code runs: looked at by itself, since deployments are traces. */
const deploys = /Redeploy$|Rollback$|Deploy(?:V2)?$/;

function newest(): Row | undefined {
  const { state, ids } = asking.double;
  const place = { serviceId: ids.services.counter, environmentId: ids.environments.production };
  const all = state.list('deployments', place);
  return all.toSorted((a, b) => text(a, 'createdAt').localeCompare(text(b, 'createdAt'))).at(-1);
}

function rolledBackTo(): unknown {
  const meta = newest()?.['meta'];
  return (meta as { readonly rollbackTo?: unknown } | undefined)?.rollbackTo;
}

/** What the double is asked some time later; its clock goes back afterwards. */
async function later(ms: number): Promise<void> {
  now += ms;
  try {
    await asking.send(railwayPost({ query: '{ platformStatus { isStable } }' }));
  } finally {
    now -= ms;
  }
}

/** Does it, puts it back, compares. Undefined where it has no undo; the names of what put it back otherwise. */
async function thereAndBack(name: string): Promise<readonly string[] | undefined> {
  await asking.double.reset();
  const kind = kindestCalls[name];
  if (kind !== undefined) kind.before?.(asking.double);
  const ready = validArguments(name, asking.double, 'production');
  const variables = { ...ready.variables, ...kind?.variables?.(asking.double) };
  const running = newest()?.id;
  try {
    const done = await undoing.doIt(ready.query, variables);
    if (done === undefined) return undefined;
    if (!deploys.test(name)) expect([name, different(done.before, done.changed).length]).not.toEqual([name, 0]);
    const back = await undoing.putBack(done.image);
    expect([name, back.conflicts]).toEqual([name, []]);
    const sent = await undoing.sendAll(back.plans);
    // What a provider takes away only after a while is looked at after that.
    if (name === 'projectCreate') await later(49 * 3_600_000);
    expect([name, different(done.before, undoing.world())]).toEqual([name, []]);
    if (deploys.test(name)) expect([name, rolledBackTo()]).toEqual([name, running]);
    return sent;
  } catch (thrown) {
    // Denied before anything happened; whatever else goes wrong is this test's business.
    if (thrown instanceof Refused) return undefined;
    throw thrown;
  }
}

describe('U1, U2, U3: of the 230, what we can take back', () => {
  it('U1 is exactly what the golden file lists, by the inverse it lists, and leaves the double as it was', async () => {
    const found: Record<string, string> = {};
    for (const name of allMutations(asking.double)) {
      const back = await thereAndBack(name);
      if (back !== undefined) found[name] = back.join(', ');
    }
    expect(found).toEqual({ ...reversibleByUs, ...forAWhile });
    expect(classOfMutation.size).toBe(230);
  }, 120_000);

  it('U1 whatever else the catalogue calls reversible is not, and says why it is not', async () => {
    const claimed = asking.provider.catalogue
      .filter((one) => one.reversibility === 'reversible')
      .map((one) => one.operation.replace('railway:', ''));
    expect(claimed.filter((name) => reversibleByUs[name] === undefined)).toEqual(Object.keys(neverInFact));
  });
});
