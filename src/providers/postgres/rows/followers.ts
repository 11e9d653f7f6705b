import type { Left, TableImage, Way } from './image.ts';
import type { Needed } from './needed.ts';
import type { Sight } from '../ask.ts';
import { quotedName } from '../quoted.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/** A foreign key by which rows go along with those that they refer to. */
interface Key {
  readonly schema: string;
  readonly name: string;
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
  /** Column there, column that it refers to, and whether both are of PostgreSQL's own types. */
  readonly columns: readonly (readonly [string, string, boolean])[];
}

const most = 1_000;

/**
 * Rows that nobody here would put back, and that go along with what is taken away or set back: by ON DELETE and ON UPDATE
 * CASCADE, SET NULL and SET DEFAULT. In sentences.
 */
export function* followers(
  target: PostgresTarget,
  sight: Sight,
  needed: readonly Needed[],
  way: Way,
): Looking<readonly string[]> {
  const works = needed.filter(
    ({ table, remove, update }) => table.referencedBy.length > 0 && remove.length + update.length > 0,
  );
  if (works.length === 0) return [];
  const rows = yield* sight.ask(target, 'followers', JSON.stringify(works.map((one) => one.table.oid)));
  const mine = new Set(
    needed.flatMap(({ table, remove, update }) =>
      [...remove, ...update.map((one) => one.now)].map(({ version }) => `${table.oid} ${version[0]}`),
    ),
  );
  const said: string[] = [];
  for (const [oid, schema, name, onDelete, onUpdate, columnsText] of rows) {
    const one = works.find(({ table }) => table.oid === oid);
    if (one === undefined) continue;
    const key: Key = {
      schema: schema ?? '',
      name: name ?? '',
      onDelete: onDelete === 'true',
      onUpdate: onUpdate === 'true',
      columns: JSON.parse(columnsText ?? '[]') as Key['columns'],
    };
    const going = goingBy(key, one, way);
    if (going.length === 0) continue;
    const tids = JSON.stringify(going.map(({ version }) => version[0]));
    const found = yield* sight.askText(target, followersText(one.table, key), 'rows that refer to them', tids);
    const others = found.filter(([relation, tid]) => !mine.has(`${relation} ${tid}`)).length;
    if (others > 0)
      said.push(
        `${others === most ? `${most} or more` : others} rows of \`${key.schema}.${key.name}\` refer to rows of \`${one.table.schema}.${one.table.name}\` by now, and would go or change with them`,
      );
  }
  return said;
}

/** Rows that are there now, and whose going or changing this key follows. */
function goingBy(key: Key, { table, remove, update }: Needed, way: Way): readonly Left[] {
  const changed = update.map((one) => one.now);
  const kept = key.columns.every(([, to]) => table.key.some((at) => table.columns[at]?.name === to));
  const going = [
    ...(key.onDelete ? remove : []),
    ...(way === 'anew' ? (key.onDelete ? changed : []) : key.onUpdate && !kept ? changed : []),
  ];
  return going.filter(({ version }) => version[0] !== '');
}

function followersText({ schema, name }: TableImage, key: Key): string {
  const same = key.columns.map(([from, to, isOwn]) => {
    const [there, here] = [`s.${quotedName(from)}`, `t.${quotedName(to)}`];
    return isOwn ? `${there} = ${here}` : `${there}::pg_catalog.text = ${here}::pg_catalog.text`;
  });
  return `SELECT s.tableoid::pg_catalog.text, s.ctid::pg_catalog.text FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e(value),
    ONLY ${quotedName(schema, name)} t, ${quotedName(key.schema, key.name)} s
    WHERE t.ctid = e.value::pg_catalog.tid AND ${same.join(' AND ')} LIMIT ${most}`;
}
