import { expect } from 'vitest';
import { type Asking, dataOf, railwayPost } from './asking.ts';
import type { PutBack } from '../../src/contract/provider.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** What no undo takes back: the trace of what happened, and what ran meanwhile. */
const traces = /^(?:events|logs|auditLogs|workflows|deployments|notificationDeliveries|trackedEvents)\//;

/** A new row under another id, times and absent members apart: variables are known by their names. */
const byContent = /^variables\//;

export interface Done {
  readonly before: ReadonlyMap<string, string>;
  readonly changed: ReadonlyMap<string, string>;
  readonly image: JsonObject;
  /** As the agent is given it. */
  readonly answered: JsonObject;
}

/** Acts on the double by what the provider says, as the road does, and puts back what it captured. */
export class Undoing {
  readonly asking: Asking;

  constructor(asking: Asking) {
    this.asking = asking;
  }

  /** Every row of the double, as text under its table and id; times left out, null as absent. */
  world(): ReadonlyMap<string, string> {
    const rows = new Map<string, string>();
    for (const [table, all] of Object.entries(this.asking.double.state.snapshot())) {
      for (const [id, row] of Object.entries(all)) {
        const key = `${table}/${id}`;
        if (traces.test(key)) continue;
        const text = stable(row, byContent.test(key));
        rows.set(byContent.test(key) ? `${table}/${text}` : key, text);
      }
    }
    return rows;
  }

  /** Undefined for what has no undo: it is not sent then. */
  async doIt(query: string, variables: JsonObject): Promise<Done | undefined> {
    const { asking } = this;
    const reading = asking.provider.read(railwayPost({ query, variables }));
    const resolution = await asking.look(reading.resolve({ environments: asking.environments, reach: 'all' }));
    if (!/^(?:reversible|recoverable)$/.test(resolution.actions[0]?.reversibility ?? '')) return undefined;
    const { capture } = resolution;
    const [step] = reading.plan.steps;
    if (capture === undefined || step === undefined) throw new Error('comes back, and no capture');
    const before = this.world();
    const captured = await asking.look(capture());
    expect(captured.hashes.length).toBeGreaterThan(0);
    const answer = await asking.send(step);
    expect([dataOf(answer).errors, reading.outcome(answer)]).toEqual([undefined, 'done']);
    const made = captured.afterwards === undefined ? {} : await asking.look(captured.afterwards());
    // As the road keeps it: through JSON, with what the answer brought and what it made of the state.
    const image = { ...captured.image, ...captured.fromAnswer?.(answer), ...made };
    return {
      before,
      changed: this.world(),
      image: JSON.parse(JSON.stringify(image)) as JsonObject,
      answered: dataOf(reading.mask(answer)) as JsonObject,
    };
  }

  async putBack(image: JsonObject): Promise<PutBack> {
    const { asking } = this;
    return await asking.look(asking.provider.putBack(image, { environments: asking.environments, reach: 'all' }));
  }

  /** Names of what was sent. */
  async sendAll(plans: PutBack['plans']): Promise<readonly string[]> {
    const sent: string[] = [];
    for (const plan of plans) {
      const reading = this.asking.provider.read(plan);
      expect(reading.plan.steps[0]).toEqual(plan);
      const answer = await this.asking.send(plan);
      expect([dataOf(answer).errors, reading.outcome(answer)]).toEqual([undefined, 'done']);
      sent.push(...reading.actions.map((action) => action.operation.replace('railway:', '')));
    }
    return sent;
  }
}

/** Rows of a table and id that are not the same in both. */
export function different(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly (readonly (string | undefined)[])[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => [key, before.get(key), after.get(key)]);
}

function stable(value: unknown, withoutId: boolean): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (member === null || key === 'updatedAt' || key === 'createdAt' || (withoutId && key === 'id')) return undefined;
    if (typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => a.localeCompare(b)));
  });
}
