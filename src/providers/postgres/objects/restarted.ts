import { type EmptiedImage, movesTo } from './emptied-capture.ts';
import { sequenceIn } from './copy-first.ts';
import { askAside } from '../ask.ts';
import { quotedName } from '../quoted.ts';
import { messageOf, planOf, type Said } from '../rows/statements.ts';
import type { RowsImage } from '../rows/image.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PutBack } from '../../../contract/provider.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/**
 * The same, and sequences that began anew are moved on to where they were, never back: by taking values, which anybody may who
 * adds rows, and which no later value of somebody else's is in the way of.
 */
export function* withSequences(image: RowsImage, put: PutBack): Looking<PutBack> {
  const { restarted = [] } = image as Partial<EmptiedImage>;
  if (restarted.length === 0) return put;
  const target: PostgresTarget = { entry: image.entry, major: image.major };
  const rows = yield* askAside(target, 'sequences', JSON.stringify(restarted.map(({ oid }) => oid)));
  const said: Said[] = [];
  const amiss: string[] = [];
  for (const one of restarted) {
    const row = rows.find(([oid]) => oid === one.oid);
    const now = row === undefined ? undefined : sequenceIn(row);
    const named = `sequence \`${one.schema}.${one.name}\``;
    if (now === undefined) amiss.push(`${named} is not there any more`);
    else if (now.increment !== one.increment || now.start !== one.start || now.cycles)
      amiss.push(`${named} is not made as it was`);
    else {
      const moves = movesTo(one, now.last);
      if (moves > 0n) said.push(moving(now, moves));
    }
  }
  const more = { notUndone: [...put.notUndone, ...amiss], left: [...(put.left ?? []), ...amiss] };
  const last = put.whole?.steps.at(-1);
  if (said.length === 0) return { ...put, ...more };
  if (put.whole === undefined || last === undefined) {
    const plan = planOf(target, said, image.settings);
    return { ...put, ...more, ...(plan === undefined ? {} : { whole: plan }) };
  }
  const steps = [...put.whole.steps.slice(0, -1), ...said.map((one) => messageOf(target, one)), last];
  return { ...put, ...more, whole: { steps, effect: steps.length - 1 } };
}

function moving({ schema, name }: { readonly schema: string; readonly name: string }, moves: bigint): Said {
  const literal = `'${quotedName(schema, name).replaceAll("'", "''")}'`;
  return {
    text: `SELECT pg_catalog.count(pg_catalog.nextval(${literal}::pg_catalog.regclass)) FROM pg_catalog.generate_series(1, $1::pg_catalog.int8)`,
    values: [moves.toString()],
  };
}
