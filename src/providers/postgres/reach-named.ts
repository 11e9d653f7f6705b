import type { RelationRole } from '../../languages/sql/index.ts';

/** A name as a statement has it, to be found under a search_path. */
export interface Named {
  readonly schema: string | null;
  readonly name: string;
  readonly path: readonly string[];
}

/** How a statement changes a relation that it names. */
export type Writing = 'none' | 'write' | 'truncate';

export const writingOf: { readonly [role in RelationRole]: Writing } = {
  read: 'none',
  insert: 'write',
  update: 'write',
  delete: 'write',
  truncate: 'truncate',
  lock: 'none',
  define: 'none',
  alter: 'write',
  drop: 'none',
  maintain: 'write',
  refer: 'none',
};

export function namedBy(path: readonly string[], searched: readonly string[]): Named {
  const name = path.at(-1) ?? '';
  return { schema: path.length > 1 ? (path.at(-2) ?? null) : null, name, path: searched };
}

export function byPath<T extends Named>(named: readonly T[]): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of named) {
    const key = JSON.stringify(one.path);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

export function listed(named: readonly Named[]): string {
  return JSON.stringify(named.map(({ schema, name }) => [schema, name]));
}
