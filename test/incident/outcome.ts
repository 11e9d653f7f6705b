import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Double } from '../../demo/railway/double.ts';
import type { Row } from '../../demo/railway/json.ts';
import type { GraphqlAnswer, Stage } from './stage.ts';

/** What became of one asked-for operation, by the answer and by the double's own log. */
export interface Outcome {
  /** `passed`: the double ran it, and the answer is the double's. */
  readonly kind: 'passed' | 'held' | 'denied' | 'refused';
  /** `HOLDPOINT_…`; empty when it passed. */
  readonly code: string;
  readonly message: string;
  /** Public id of the hold. */
  readonly hold: string;
  /** How often the double ran the operation for it. */
  readonly reached: number;
  readonly answer: GraphqlAnswer;
}

export interface Call {
  readonly operation: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Sends it through the gate and looks at the far side. */
export async function outcomeOf(stage: Stage, token: string, call: Call): Promise<Outcome> {
  const before = stage.reached(call.operation);
  const { body } = await stage.graphql(token, call.query, call.variables);
  return outcomeIn(body, stage.reached(call.operation) - before);
}

export function outcomeIn(body: GraphqlAnswer, reached: number): Outcome {
  const [error] = body.errors ?? [];
  const text = (member: string): string => {
    const value = error?.extensions?.[member];
    return typeof value === 'string' ? value : '';
  };
  const code = text('code');
  const kind =
    code === 'HOLDPOINT_HELD' ? 'held' : code === 'HOLDPOINT_DENIED' ? 'denied' : code === '' ? 'passed' : 'refused';
  return { kind, code, message: error?.message ?? '', hold: text('hold'), reached, answer: body };
}

/** Names of what the double ran since an entry of its log, without the reads. */
export function mutationsRun(double: Double, since = 0): readonly string[] {
  return double.log
    .slice(since)
    .flatMap((entry) => (entry.kind === 'operation' && entry.type === 'mutation' ? [entry.name] : []));
}

/** Files of the volume of the incident and of its backups, on disk. */
export function filesOnDisk(double: Double): readonly string[] {
  const folder = double.volumeFolder('production');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .toSorted();
}

export function destructions(double: Double): number {
  return double.log.filter((entry) => entry.kind === 'destruction').length;
}

/** Trails that every act leaves: what happened stays happened. */
const trails: ReadonlySet<string> = new Set([
  'deployments',
  'events',
  'logs',
  'notificationDeliveries',
  'trackedEvents',
  'workflows',
]);
/** Rows that are known by what they are called: a re-created variable is the same variable. */
const byContent: ReadonlySet<string> = new Set(['variables']);

/** The double's state but for stamps and trails, so that two of them can be compared: absent and null read the same. */
export function stateOf(double: Double): Readonly<Record<string, readonly unknown[]>> {
  const tables = Object.entries(double.state.snapshot()).filter(([table]) => !trails.has(table));
  return Object.fromEntries(
    tables.map(([table, rows]) => [
      table,
      Object.values(rows)
        .map((row) => bare(row, byContent.has(table)))
        .toSorted(),
    ]),
  );
}

function bare(row: Row, anonymous: boolean): string {
  const dropped = new Set(anonymous ? ['id', 'createdAt', 'updatedAt'] : ['updatedAt']);
  return JSON.stringify(sorted(Object.fromEntries(Object.entries(row).filter(([name]) => !dropped.has(name)))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .map(([name, member]) => [name, sorted(member)] as const);
  return Object.fromEntries(members.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** Counts by class and outcome, for people to read. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  add(row: string, column: string): void {
    const counts = this.#counts.get(row) ?? new Map<string, number>();
    counts.set(column, (counts.get(column) ?? 0) + 1);
    this.#counts.set(row, counts);
  }

  count(row: string, column: string): number {
    return this.#counts.get(row)?.get(column) ?? 0;
  }

  text(title: string): string {
    const columns = ['passed', 'held', 'denied', 'refused'];
    const line = (cells: readonly string[]): string =>
      cells.map((cell, at) => (at === 0 ? cell.padEnd(42) : cell.padStart(8))).join('');
    const rows = [...this.#counts.keys()].map((row) =>
      line([row, ...columns.map((column) => String(this.count(row, column)))]),
    );
    return [title, line(['', ...columns]), ...rows].join('\n');
  }
}
