/** PREPARE and EXECUTE as the protocol's own Parse and Bind say them: what they hold is judged as any other statement. */

export interface PreparedText {
  readonly name: string;
  /** Oids of the declared types. */
  readonly types: readonly number[];
  /** The statement itself. */
  readonly text: string;
  /** Characters that stand before it. */
  readonly start: number;
}

export interface ExecutedText {
  readonly name: string;
  /** Values as text; null for NULL. */
  readonly values: readonly (string | null)[];
}

/** Oids of PostgreSQL's own types, by the words that PREPARE knows them by (pg_type.dat). */
const oids: ReadonlyMap<string, number> = new Map([
  ['bool', 16],
  ['boolean', 16],
  ['bytea', 17],
  ['char', 1042],
  ['name', 19],
  ['int8', 20],
  ['bigint', 20],
  ['int2', 21],
  ['smallint', 21],
  ['int4', 23],
  ['int', 23],
  ['integer', 23],
  ['text', 25],
  ['oid', 26],
  ['json', 114],
  ['float4', 700],
  ['real', 700],
  ['float8', 701],
  ['double precision', 701],
  ['varchar', 1043],
  ['character varying', 1043],
  ['date', 1082],
  ['time', 1083],
  ['timestamp', 1114],
  ['timestamp without time zone', 1114],
  ['timestamptz', 1184],
  ['timestamp with time zone', 1184],
  ['interval', 1186],
  ['numeric', 1700],
  ['decimal', 1700],
  ['uuid', 2950],
  ['jsonb', 3802],
  ['regclass', 2205],
  ['unknown', 705],
  ['"char"', 18],
  ['regproc', 24],
  ['xml', 142],
  ['point', 600],
  ['box', 603],
  ['cidr', 650],
  ['money', 790],
  ['macaddr', 829],
  ['inet', 869],
  ['bit', 1560],
  ['timetz', 1266],
  ['time with time zone', 1266],
  ['time without time zone', 1083],
  ['varbit', 1562],
  ['bit varying', 1562],
  ['character', 1042],
  ['bpchar', 1042],
  ['regtype', 2206],
  ['tsvector', 3614],
  ['tsquery', 3615],
  ['jsonpath', 4072],
]);

/** Arrays of some of them, by the oid of what they hold. */
const arrays: ReadonlyMap<number, number> = new Map([
  [16, 1000],
  [17, 1001],
  [19, 1003],
  [20, 1016],
  [21, 1005],
  [23, 1007],
  [25, 1009],
  [26, 1028],
  [114, 199],
  [700, 1021],
  [701, 1022],
  [1042, 1014],
  [1043, 1015],
  [1082, 1182],
  [1083, 1183],
  [1114, 1115],
  [1184, 1185],
  [1186, 1187],
  [1700, 1231],
  [2205, 2210],
  [2206, 2211],
  [2950, 2951],
  [3802, 3807],
]);

/** White space and comments, as between tokens. */
const gap = String.raw`(?:[ \t\n\r\f\v]|--[^\n\r]*(?=[\n\r])|/\*(?:[^*]|\*(?!/))*\*/)`;
const word = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\x80-￿][A-Za-z0-9_$\x80-￿]*)`;

const preparing = new RegExp(
  `^${gap}*prepare${gap}+(${word})${gap}*(?:\\(([^()]*)\\)${gap}*)?(?<![A-Za-z0-9_$])as(?![A-Za-z0-9_$])`,
  'i',
);
const executing = new RegExp(`^${gap}*execute${gap}+(${word})${gap}*(?:\\(([\\s\\S]*)\\))?$`, 'i');

/** What a PREPARE says; undefined where it is said in a way that is not taken here. */
export function preparedText(text: string): PreparedText | undefined {
  const found = preparing.exec(text);
  const [whole, name, declared] = found ?? [];
  if (whole === undefined || name === undefined) return undefined;
  const types = (declared ?? '').trim() === '' ? [] : (declared ?? '').split(',').map(oidOf);
  if (!types.every((one) => one !== undefined)) return undefined;
  const rest = text.slice(whole.length);
  const start = text.length - rest.trimStart().length;
  return { name: folded(name), types, text: rest.trim(), start };
}

function oidOf(type: string): number | undefined {
  if (type.length > 100) return undefined;
  const plain = type.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const [, item] = /^(.*?)(?: ?\[\d{0,9}\])+$/.exec(plain) ?? [];
  const oid = oids.get((item ?? plain).replace(/^pg_catalog\./, ''));
  return item === undefined || oid === undefined ? oid : arrays.get(oid);
}

/** What an EXECUTE says; undefined where a value is no constant. */
export function executedText(text: string): ExecutedText | undefined {
  const [, name, said] = executing.exec(withoutEnd(text)) ?? [];
  if (name === undefined) return undefined;
  const values = said === undefined || said.trim() === '' ? [] : constants(said);
  return values === undefined ? undefined : { name: folded(name), values };
}

const constant =
  /\s*(?:'((?:[^']|'')*)'|((?:[+-]\s*)?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)|(true|false)|(null))\s*(,|$)/iy;

function constants(text: string): readonly (string | null)[] | undefined {
  const found: (string | null)[] = [];
  constant.lastIndex = 0;
  for (;;) {
    const match = constant.exec(text);
    if (match === null) return undefined;
    const [, quoted, number, truth, nothing, behind] = match;
    if (nothing !== undefined) found.push(null);
    else found.push(quoted?.replaceAll("''", "'") ?? number?.replaceAll(/\s/g, '') ?? truth?.toLowerCase() ?? '');
    if (behind === '') return found;
  }
}

/** By hand: a pattern takes quadratic time over blanks that end in something else. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\n\r\f\v;'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** An identifier as the server takes it. */
function folded(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
