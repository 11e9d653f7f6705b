import type { Sql, Statement } from '../../languages/sql/index.ts';
import { Refused } from '../../model/refusal.ts';

/** What a function does that runs with another role's rights, as far as its text says. */
export interface Borrowed {
  /** `empties `users``; empty where nothing in it destroys. */
  readonly destroys: readonly string[];
  /** Its text cannot be read, or is put together when it runs: anything its owner may do. */
  readonly opaque: boolean;
}

/** At most so many acts are said of one function. */
const mostActs = 4;

export function destroyingIn(sql: Sql, serverMajor: number, language: string, text: string | undefined): Borrowed {
  if (text === undefined || (language !== 'sql' && language !== 'plpgsql')) return { destroys: [], opaque: true };
  const made = definitionIn(sql, serverMajor, text);
  if (made === undefined) return { destroys: [], opaque: true };
  const opaque = made.facts.opaque || made.facts.dynamic || made.inner.some(({ statement }) => isOpaque(statement));
  const destroys = made.inner.flatMap(({ statement }) =>
    statement.parts.filter((part) => part.destroys).map((part) => part.sentence),
  );
  return { destroys: [...new Set(destroys)].slice(0, mostActs), opaque };
}

function isOpaque({ class: form, facts }: Statement): boolean {
  return form === 'unknown' || facts.opaque || facts.dynamic;
}

function definitionIn(sql: Sql, serverMajor: number, text: string): Statement | undefined {
  try {
    const [only] = sql.read(text, { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor });
    return only;
  } catch (thrown) {
    if (thrown instanceof Refused) return undefined;
    throw thrown;
  }
}
