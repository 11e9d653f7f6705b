import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Atom, type AtomForm, prefixes } from './railway-atoms.ts';
import { Dice } from '../fault/journal-dice.ts';
import { leaves, misshapen, mutated } from '../incident/binding-mutation.ts';

/** One generated request, before it is put on a wire. */
export interface Torment {
  readonly method: 'POST' | 'GET';
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** What it was made of, for people. */
  readonly made: string;
}

const path = '/graphql/v2';

/** The request of this number under this seed: the same one each time, whatever was made before it. */
export function tormentOf(atoms: readonly Atom[], ids: readonly string[], seed: number, number: number): Torment {
  const dice = new Dice(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35));
  // The first throws of neighbours lie close together.
  for (let skip = 0; skip < 4; skip++) dice.below(2);
  const batch = dice.below(12) === 0;
  const envelopes = Array.from({ length: batch ? 1 + dice.below(4) : 1 }, () => envelope(atoms, ids, dice));
  const made = envelopes.map((one) => one.made).join(' | ');
  const texts = envelopes.map((one) => one.text);
  if (!batch && dice.below(25) === 0) return byGet(envelopes[0]?.members ?? {}, made);
  const text = damaged(batch ? `[${texts.join(',')}]` : (texts[0] ?? ''), dice);
  return { method: 'POST', path: pathOf(dice), made, ...encodedBody(text, dice) };
}

interface Made {
  readonly text: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly made: string;
}

type Variables = Readonly<Record<string, unknown>>;

/** A document of one to four atoms and what goes with it. */
function envelope(atoms: readonly Atom[], ids: readonly string[], dice: Dice): Made {
  const mutations = dice.below(10) < 6;
  const kindly = (): Atom => {
    for (;;) {
      const atom = dice.pick(atoms);
      // Now and then a query's field stands in a mutation, which nobody runs.
      if ((atom.kind === 'mutation') === mutations || dice.below(40) === 0) return atom;
    }
  };
  const count = dice.below(3) > 0 ? 1 : 1 + dice.below(prefixes.length);
  const chosen = Array.from({ length: count }, kindly);
  const variables: Record<string, unknown> = {};
  const forms = chosen.map((atom, at) => {
    const form = atom.forms[at] ?? { fields: [], declarations: [], fragments: '' };
    const changed = argumentsOf(atom, ids, dice);
    for (const { name, bare } of form.declarations) if (Object.hasOwn(changed, bare)) variables[name] = changed[bare];
    return form;
  });
  const { document, operationName } = documentOf(mutations ? 'mutation' : 'query', forms, variables, dice);
  const members = {
    query: document,
    ...(Object.keys(variables).length === 0 && dice.below(2) === 0 ? {} : { variables }),
    ...(operationName === undefined ? {} : { operationName }),
  };
  return { text: envelopeText(members, dice), members, made: chosen.map((atom) => atom.name).join('+') };
}

/** Arguments as they are, or with something changed, dropped, doubled, or another thing's id in its place. */
function argumentsOf(atom: Atom, ids: readonly string[], dice: Dice): Variables {
  if (dice.below(2) === 0) return atom.variables;
  let changed: unknown = atom.variables;
  for (let times = 1 + dice.below(2); times > 0; times--) {
    const places = leaves(changed);
    const place = dice.pick(places);
    const how = dice.below(8);
    if (place.length === 0) continue;
    if (how === 0) changed = mutated(changed, place, dice);
    else if (how === 1) changed = misshapen(changed, place, dice);
    else if (how < 6) changed = replaced(changed, place, likely(valueAt(changed, place), ids, dice));
    else changed = replaced(changed, place, dice.pick(oddities));
  }
  return typeof changed === 'object' && changed !== null && !Array.isArray(changed)
    ? (changed as Variables)
    : atom.variables;
}

/** What arguments escalate by, or break a careless reader with. */
const oddities: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e21,
  '',
  'DELETED',
  'null',
  [],
  {},
  [null],
  { isDeleted: true },
  { volumes: { x: { isDeleted: true } } },
  '{"isDeleted":true}',
  '__proto__',
  '\u0000',
  '\ud800',
  '\u202e',
  'x'.repeat(5_000),
];

/** Something else that fits the same place. */
function likely(value: unknown, ids: readonly string[], dice: Dice): unknown {
  if (dice.below(8) === 0) return null;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return dice.pick([0, -1, 1, 1_000_000]);
  if (Array.isArray(value)) return dice.pick([[], [dice.pick(ids)]]);
  if (typeof value === 'object') return dice.pick([{}, { isDeleted: true }, { services: { [dice.pick(ids)]: null } }]);
  return dice.below(4) > 0 ? dice.pick(ids) : dice.pick(['', 'DELETED', 'DATABASE_URL', 'production', '*']);
}

function valueAt(value: unknown, place: readonly (string | number)[]): unknown {
  return place.reduce((found: unknown, step) => (found as Variables | null)?.[String(step)], value);
}

function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) return value.map((item: unknown, at) => (at === first ? replaced(item, rest, by) : item));
  const object = value as Variables;
  return { ...object, [first]: replaced(object[String(first)], rest, by) };
}

interface Document {
  readonly document: string;
  readonly operationName: string | null | undefined;
}

const mildNames = ['getVolumes', 'customDomainCreate', 'A', 'IntrospectionQuery', 'read', '_'];
const mild = 'query Mild { regions { name } }';

function documentOf(
  kind: 'query' | 'mutation',
  forms: readonly AtomForm[],
  variables: Record<string, unknown>,
  dice: Dice,
): Document {
  const fragments: string[] = forms.map((form) => form.fragments).filter((text) => text !== '');
  const declared = new Set<string>();
  const fields = forms.flatMap((form) => {
    const inlined = new Map<string, string>();
    const declarations = form.declarations.filter(({ name }) => {
      if (dice.below(4) !== 0 || !Object.hasOwn(variables, name)) return true;
      inlined.set(name, literal(variables[name]));
      if (dice.below(3) > 0) delete variables[name];
      return false;
    });
    for (const { name, type } of declarations) declared.add(`$${name}: ${type}${defaultOf(name, variables, dice)}`);
    return form.fields.map((field) =>
      placed(
        field.replaceAll(/\$(\w+)/g, (text, name: string) => inlined.get(name) ?? text),
        kind,
        fragments,
        dice,
      ),
    );
  });
  if (dice.below(8) === 0) fields.unshift('__typename');
  if (dice.below(15) === 0) fields.push(dice.pick(fields));
  const head = `${kind}${dice.below(2) === 0 ? '' : ` ${dice.pick(mildNames)}`}`;
  const list = declared.size === 0 ? '' : `(${[...declared].join(dice.pick([', ', ' ', ',,']))})`;
  const named = /^\w+ (\w+)/.exec(head)?.[1];
  const operation = `${head}${list} { ${fields.join(dice.pick(['\n', ' ', ' , ', '\r\n\t']))} }`;
  return several(operation, named, fragments, dice);
}

function defaultOf(name: string, variables: Record<string, unknown>, dice: Dice): string {
  if (dice.below(12) !== 0 || !Object.hasOwn(variables, name)) return '';
  const text = literal(variables[name]);
  if (dice.below(2) === 0) delete variables[name];
  return ` = ${text}`;
}

/** A root field, perhaps under an alias, with a directive, in a fragment or three. */
function placed(field: string, kind: 'query' | 'mutation', fragments: string[], dice: Dice): string {
  const type = kind === 'mutation' ? 'Mutation' : 'Query';
  let text = dice.below(4) === 0 ? `${dice.pick(aliases)}: ${field}` : field;
  for (let depth = dice.below(4) === 0 ? 1 + dice.below(3) : 0; depth > 0; depth--) {
    const how = dice.below(4);
    if (how === 0) text = `... { ${text} }`;
    else if (how === 1) text = `... on ${type} { ${text} }`;
    else if (how === 2) text = `... @${dice.pick(directives)} { ${text} }`;
    else {
      const name = `F${fragments.length}`;
      fragments.push(`fragment ${name} on ${dice.below(30) === 0 ? 'Query' : type} { ${text} }`);
      text = `...${name}${dice.below(8) === 0 ? ` @${dice.pick(directives)}` : ''}`;
    }
  }
  return text;
}

const aliases = ['regions', 'customDomainCreate', 'holdpoint_id', 'x', 'me', '_', 'volumeDelete', 'data', 'errors'];
const directives = [
  'include(if: true)',
  'include(if: true)',
  'skip(if: false)',
  'skip(if: false)',
  'skip(if: true)',
  'include(if: false)',
  'defer',
  'dryRun',
];

/** Other operations and fragments around it, and which of them is asked for. */
function several(operation: string, named: string | undefined, fragments: readonly string[], dice: Dice): Document {
  const parts = [operation, ...fragments];
  const accompanied = dice.below(6) === 0 && (named !== undefined || dice.below(6) === 0);
  if (accompanied) parts.push(mild);
  if (dice.below(150) === 0) parts.push('fragment Unused on Mutation { __typename }');
  if (dice.below(200) === 0) parts.push('extend type Mutation { z: Int }');
  if (dice.below(3) === 0) parts.reverse();
  const document = commented(parts.join(dice.pick(['\n', ' '])), dice);
  const said = dice.below(40);
  if (accompanied && said < 36) return { document, operationName: said < 30 ? (named ?? null) : 'Mild' };
  if (said === 0) return { document, operationName: dice.pick([null, '', 'nobody', 'Mild', '__proto__']) };
  return { document, operationName: said < 14 ? named : undefined };
}

function commented(document: string, dice: Dice): string {
  const how = dice.below(60);
  if (how === 0) return `\uFEFF${document}`;
  if (how === 1) return `# query { me { id } }\r${document}`;
  if (how === 2) return document.replaceAll('{ ', '{ # }\n');
  if (how === 3) return document.replaceAll(/"([a-z0-9-]{36})"/g, '"""$1"""');
  if (how === 4) return document.replace(/[a-z]/, (letter) => `\\u{${letter.charCodeAt(0).toString(16)}}`);
  return document;
}

/** A value as GraphQL writes it; text that looks like an enum's value sometimes has no quotes. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'string') return /^[A-Z_]{3,}$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${literal(member)}`)
    .join(', ')}}`;
}

/** JSON of the members, sometimes with something that readers disagree about. */
function envelopeText(members: Readonly<Record<string, unknown>>, dice: Dice): string {
  const text = JSON.stringify(members);
  const evil = JSON.stringify(members['query']);
  switch (dice.below(150)) {
    case 0:
      return `{"query":"{ me { id } }",${text.slice(1)}`;
    case 1:
      return `${text.slice(0, -1)},"query":"{ me { id } }"}`;
    case 2:
      return `{"qu\\u0065ry":"{ me { id } }",${text.slice(1)}`;
    case 3:
      return text.replace('"query"', '"\\u0071uery"');
    case 4:
      return JSON.stringify({ ...members, extensions: dice.below(2) === 0 ? {} : { persistedQuery: { version: 1 } } });
    case 5:
      return JSON.stringify({ ...members, variables: JSON.stringify(members['variables'] ?? {}) });
    case 6:
      return `${text.slice(0, -1)},"variables":{"a_id":null}}`;
    case 7:
      return JSON.stringify({ ...members, confirm: true });
    case 8:
      return `{"__proto__":{"query":${evil}},${text.slice(1)}`;
    case 9:
      return text.replaceAll(/[a-z]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
    case 10:
      return `[${text}]`;
    case 11:
      return `\r\n\t ${text} \n`;
    default:
      return text;
  }
}

function damaged(text: string, dice: Dice): string {
  if (dice.below(25) !== 0) return text;
  const at = dice.below(text.length + 1);
  const how = dice.below(4);
  if (how === 0) return text.slice(0, at);
  if (how === 1)
    return `${text.slice(0, at)}${dice.pick(['\0', '"', '{', '}', '\\', '\u2028', '#', '...', '$'])}${text.slice(at)}`;
  if (how === 2) return `${text.slice(0, at)}${text.slice(at + 1 + dice.below(4))}`;
  return `${text}${dice.pick(['x', '{}', ',', '\0', text])}`;
}

function pathOf(dice: Dice): string {
  return dice.below(60) === 0
    ? dice.pick([`${path}/`, `${path}?query=%7Bme%7Bid%7D%7D`, '/graphql/internal', `${path}?`])
    : path;
}

function byGet(members: Readonly<Record<string, unknown>>, made: string): Torment {
  const query = new URLSearchParams(
    Object.entries(members).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  ).toString();
  return { method: 'GET', path: `${path}?${query}`, headers: [], body: Buffer.alloc(0), made };
}

const types = [
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/graphql',
  'application/json, text/plain',
];

function encodedBody(text: string, dice: Dice): Pick<Torment, 'headers' | 'body'> {
  const type = dice.below(30) === 0 ? dice.pick(types) : 'application/json';
  const plain = dice.below(80) === 0 ? Buffer.from(text, 'utf16le') : Buffer.from(text);
  const coding =
    dice.below(10) === 0 ? dice.pick(['gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, gzip']) : undefined;
  const headers: (readonly [string, string])[] = [['content-type', type]];
  if (dice.below(60) === 0) headers.push(['content-type', dice.pick(types)]);
  if (coding === undefined) return { headers, body: plain };
  headers.push(['content-encoding', coding]);
  return { headers, body: packed(coding, plain) };
}

function packed(coding: string, plain: Buffer): Buffer {
  if (coding === 'gzip') return gzipSync(plain, { level: 1 });
  if (coding === 'deflate') return deflateSync(plain, { level: 1 });
  if (coding === 'br') return brotliCompressSync(plain, { params: { 1: 1 } });
  return coding === 'zstd' ? zstdCompressSync(plain) : plain;
}
