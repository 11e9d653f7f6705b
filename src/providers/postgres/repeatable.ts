import { isRemembered } from './before.ts';
import { statementOf } from './reading.ts';
import type { Reading } from '../../contract/provider.ts';
import type { Sql, Statement } from '../../languages/sql/index.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';
import { singleStep, type Message } from '../../model/plan.ts';

/** Statements that change rows alone: inside a transaction they are judged again, live, with its COMMIT. */
const rows: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/**
 * The reading of what may be a read, or of a step that its transaction can take back, which knows what else is judged like
 * it: such a verdict hangs on what the text names, never on its values, or on constants that no function is given.
 */
export function repeatable(sql: Sql, message: Message, view: 'alone' | 'inside', reading: Reading): Reading {
  const said = message as PostgresMessage;
  if (said.act !== 'statement' || reading.plan.steps.length !== 1 || reading.plan.steps[0] !== message) return reading;
  const mild = view === 'alone' ? 'read' : 'provisional';
  if (!reading.actions.every((action) => action.reversibility === mild)) return reading;
  const statement = statementOf(sql, said);
  const known = statement.class === 'read-candidate' || (view === 'inside' && rows.has(statement.kind));
  // What is remembered for the COMMIT is looked at each time.
  return known && !isRemembered(statement) ? knowing(reading, said, statement, view) : reading;
}

function knowing(reading: Reading, said: PostgresMessage, statement: Statement, view: string): Reading {
  let alike: string | undefined;
  const saying = (message: PostgresMessage): Reading => ({
    ...reading,
    plan: singleStep(message),
    get alike() {
      alike ??= JSON.stringify([view, said.entry, said.major, said.types, said.settings, likenessOf(statement)]);
      return alike;
    },
    again: (message) => (differsInValues(said, message) ? saying(message) : undefined),
  });
  return saying(said);
}

function differsInValues(said: PostgresMessage, message: Message): message is PostgresMessage {
  const other = message as PostgresMessage;
  return (
    message.protocol === 'postgres' &&
    other.act === 'statement' &&
    other.text === said.text &&
    other.how === said.how &&
    other.entry === said.entry &&
    other.major === said.major &&
    other.copied === undefined &&
    other.types.length === said.types.length &&
    other.types.every((type, at) => type === said.types[at]) &&
    (other.settings === said.settings || JSON.stringify(other.settings) === JSON.stringify(said.settings))
  );
}

/** Everything that was read of a statement but for its text, its place, and the words made of it. */
function likenessOf({
  kind,
  verb,
  class: form,
  why,
  parts,
  names,
  facts,
  parameters,
  inner,
}: Statement): readonly unknown[] {
  const said = parts.map(({ sentence: _, ...part }) => part);
  return [
    kind,
    verb,
    form,
    why,
    said,
    names,
    facts,
    parameters,
    inner.map((one) => [one.holding, likenessOf(one.statement)]),
  ];
}
