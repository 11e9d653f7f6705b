import { ask, type Row } from './ask.ts';
import type { Gathering, Table } from './reach-gathering.ts';
import { byPath, listed, type Writing } from './reach-named.ts';
import { definitionOf } from './standing.ts';
import type { Looking } from '../../contract/lookup.ts';

/** Asks the server about everything that waits by now; what the answers name waits for the next round. */
export function* askRound(work: Gathering): Looking<void> {
  if (work.waiting.takeEventTriggers())
    for (const [oid] of yield* ask(work.target, 'eventTriggers')) work.waiting.functionOid(oid);
  yield* askRelations(work);
  yield* askFunctions(work);
  yield* askOperators(work);
  yield* askTypes(work);
  yield* askAttributes(work);
  yield* askDefinitions(work);
}

function* askRelations(work: Gathering): Looking<void> {
  const asked = work.waiting.takeRelations();
  for (const group of byPath(asked)) {
    const [first] = group;
    if (first === undefined) continue;
    const rows = yield* ask(work.target, 'relations', listed(group), JSON.stringify(first.path));
    const written: { oid: string; writing: Writing }[] = [];
    const read: string[] = [];
    for (const row of rows) {
      const one = group[Number(row[0]) - 1];
      if (one === undefined) continue;
      const table = tableFrom(row);
      work.tables.set(one.schema === null ? one.name : `${one.schema}.${one.name}`, table);
      if (table.kind === 'f') work.fail(`it reaches \`${table.schema}.${table.name}\`, which is on another server`);
      const view = row[6];
      if (view) work.view(view, one.writing);
      if (one.writing !== 'none' && table.system) work.fail('it changes the catalogue itself');
      if (one.writing !== 'none') written.push({ oid: table.oid, writing: one.writing });
      if (!table.system) read.push(table.oid);
    }
    yield* askAttached(work, written);
    yield* askRead(work, read);
  }
}

function* askRead(work: Gathering, oids: readonly string[]): Looking<void> {
  if (oids.length === 0) return;
  const list = JSON.stringify(oids);
  for (const [text] of yield* ask(work.target, 'planned', list)) work.expression(text);
  if ((yield* ask(work.target, 'children', list)).length > 0) work.fail('a part of it is on another server');
}

/** What a write sets off: on the table itself, its partitions, and what its keys cascade to. */
function* askAttached(
  work: Gathering,
  written: readonly { readonly oid: string; readonly writing: Writing }[],
): Looking<void> {
  for (const kind of ['write', 'truncate'] as const) {
    const oids = written.filter((one) => one.writing === kind).map((one) => one.oid);
    if (oids.length === 0) continue;
    for (const [what, oid, text, more] of yield* ask(work.target, 'attached', JSON.stringify(oids), kind)) {
      if (what === 'table' && more === 'f') work.fail(`it reaches \`${text ?? ''}\`, which is on another server`);
      else if (what === 'function') work.waiting.functionOid(oid);
      else if (what === 'rule') work.fail('a rule rewrites it into something else');
      else if (what === 'type' && oid) work.waiting.typeOid(oid);
      else if (what === 'text' && more === 'trigger') work.trigger(text);
      else if (what === 'text' || what === 'texts') work.expression(text);
    }
  }
}

function* askFunctions(work: Gathering): Looking<void> {
  const asked = work.waiting.takeFunctions();
  for (const group of byPath(asked)) {
    const rows = yield* ask(work.target, 'functions', listed(group), JSON.stringify(group[0]?.path ?? []));
    // Whichever of the same name the server picks, it has to be harmless.
    for (const [, oid] of rows) work.waiting.functionOid(oid);
  }
}

function* askOperators(work: Gathering): Looking<void> {
  const asked = work.waiting.takeOperators();
  for (const group of byPath(asked)) {
    const rows = yield* ask(work.target, 'operators', listed(group), JSON.stringify(group[0]?.path ?? []));
    for (const [oid] of rows) work.waiting.functionOid(oid);
  }
}

function* askTypes(work: Gathering): Looking<void> {
  const { named, oids } = work.waiting.takeTypes();
  const groups = named.length === 0 && oids.length > 0 ? [[]] : byPath(named);
  for (const [index, group] of groups.entries()) {
    const path = JSON.stringify(group[0]?.path ?? work.path);
    const rows = yield* ask(work.target, 'types', listed(group), path, JSON.stringify(index === 0 ? oids : []));
    for (const [oid, kind, input, checks, made] of rows) {
      if (!oid || !work.waiting.metType(oid)) continue;
      if (kind === 'b' || kind === 'r' || kind === 'm') work.waiting.functionOid(input);
      for (const text of JSON.parse(checks ?? '[]') as readonly string[]) work.expression(text);
      for (const part of JSON.parse(made ?? '[]') as readonly string[]) work.waiting.typeOid(part);
    }
  }
}

function* askAttributes(work: Gathering): Looking<void> {
  const asked = work.waiting.takeAttributes();
  for (const group of byPath(asked)) {
    const names = JSON.stringify(group.map((one) => one.name));
    const rows = yield* ask(work.target, 'attributes', names, JSON.stringify(group[0]?.path ?? []));
    for (const [oid] of rows) work.waiting.functionOid(oid);
  }
}

function* askDefinitions(work: Gathering): Looking<void> {
  const oids = work.waiting.takeDefinitions();
  if (oids.length === 0) return;
  for (const row of yield* ask(work.target, 'definitions', JSON.stringify(oids))) work.defined(definitionOf(row));
}

function tableFrom([, oid, kind, schema, name, system, , rows, persistence]: Row): Table {
  return {
    oid: oid ?? '',
    kind: kind ?? '',
    schema: schema ?? '',
    name: name ?? '',
    system: system === 'true',
    rows: Number(rows ?? -1),
    temporary: persistence === 't',
  };
}
