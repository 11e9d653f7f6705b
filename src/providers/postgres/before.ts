import { DroppingTransactions } from './objects/dropped-indexes.ts';
import { EmptyingTransactions } from './objects/emptied.ts';
import type { Table } from './reach.ts';
import type { Step } from './step.ts';
import type { Statement } from '../../languages/sql/index.ts';

/** What a name stood for before its transaction touched it; undefined where there was nothing. */
export type Names = ReadonlyMap<string, Table | undefined>;

/** What was found out about a statement that makes or takes away, right before it ran. */
export interface Before {
  readonly names: Names;
  /** What hung on what it took away. */
  readonly hanging: readonly string[];
}

/** Transactions that are remembered at once; of a forgotten one a COMMIT knows less, and says less. */
const mostTransactions = 2_000;

/**
 * Inside a transaction a name that was dropped or made anew no longer stands for what it did. At the COMMIT what is shown
 * and signed has to be what stood there before, which is also what a hold's plan finds when it runs later from the
 * beginning. Remembered by the server's own word for the transaction.
 */
export class BeforeTransactions {
  readonly #known = new Map<string, Before>();
  /** What it empties, as that was. */
  readonly emptying = new EmptyingTransactions();
  /** Indexes that it drops, as they were. */
  readonly dropping = new DroppingTransactions();

  add(transaction: string, one: Before): void {
    const earlier = this.#known.get(transaction);
    this.#known.delete(transaction);
    const names = new Map(one.names);
    // What the first statement met is what was there before.
    for (const [name, table] of earlier?.names ?? []) names.set(name, table);
    this.#known.set(transaction, { names, hanging: [...(earlier?.hanging ?? []), ...one.hanging] });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostTransactions && oldest !== undefined) this.#known.delete(oldest);
  }

  of(transaction: string): Before | undefined {
    return this.#known.get(transaction);
  }
}

/** The key under which a relation is found: `schema.name` or `name`, as written. */
export function keyOf(path: readonly string[]): string {
  return path.slice(-2).join('.');
}

/** Relations whose names a statement makes or takes away. */
export function remade({ names }: Statement): readonly (readonly string[])[] {
  return names.relations.filter(({ role }) => role === 'define' || role === 'drop').map(({ path }) => path);
}

/** Whether what it leaves behind goes by other names, wherever they are. */
export function renames({ parts, names }: Statement): boolean {
  return (
    parts.some(({ operation }) => operation === 'postgres:rename' || operation === 'postgres:set-schema') ||
    names.objects.some(({ kind }) => kind === 'schema')
  );
}

/** Whether anything of it has to be remembered for the COMMIT. */
export function isRemembered(statement: Statement): boolean {
  return remade(statement).length > 0 || renames(statement);
}

/** For each step, whether a name in it still stands for what stood there before the first. */
export function standing(steps: readonly Step[]): readonly ((path: readonly string[]) => boolean)[] {
  let renamed = false;
  let touched: ReadonlySet<string> = new Set();
  return steps.map(({ statement }) => {
    const [all, some] = [renamed, touched];
    renamed ||= renames(statement);
    touched = new Set([...touched, ...remade(statement).map(bareOf)]);
    return (path) => !all && !some.has(bareOf(path));
  });
}

/** Bare names that some step makes, takes away or renames: what they stand for later is no longer what stood there. */
export function everTouched(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(
    steps.flatMap(({ statement }) =>
      renames(statement) ? statement.names.relations.map(({ path }) => bareOf(path)) : remade(statement).map(bareOf),
    ),
  );
}

/** `a` and `public.a` may be the same. */
export function bareOf(path: readonly string[]): string {
  return path.at(-1) ?? '';
}
