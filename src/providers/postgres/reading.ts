import { actionsOf, frameAction } from './actions.ts';
import { measured } from './measure.ts';
import { copyFirst } from './objects/copy-first.ts';
import { definedFirst } from './objects/dropped-indexes.ts';
import { asksAboutRows, isOurQuestion, locksForCopy, questions } from './questions.ts';
import { reachOf } from './reach.ts';
import { type Found, resolution, transactionOf } from './resolution.ts';
import type { Remembering } from './remembering.ts';
import type { Step, View } from './step.ts';
import type { Reading } from '../../contract/provider.ts';
import type { Answer } from '../../contract/upstream.ts';
import type { Sql, Statement } from '../../languages/sql/index.ts';
import type { Action } from '../../model/action.ts';
import { commonNames, harmlessWriters } from './trusted.ts';
import { type PostgresMessage, postgresAnswer, postgresLookup, postgresMessage } from '../../model/postgres-message.ts';
import { singleStep, type Message, type Plan } from '../../model/plan.ts';
import { refuse } from '../../model/refusal.ts';

/** What a message says by its form, and the Plan that would carry it out. A pure function of the message. */
export function readMessage(sql: Sql, message: Message, view: 'alone' | 'inside'): Reading {
  const said = postgresMessageIn(message);
  switch (said.act) {
    case 'lookup':
      if (!isOurQuestion(said.text) && !isOurs(statementOf(sql, said)))
        throw refuse('BAD_REQUEST', 'this is no question of ours');
      return readingOf(sql, said, singleStep(said), [], [frameAction(said, 'postgres:look-up', 'read')], 'alone');
    case 'begin':
      return readingOf(sql, said, singleStep(said), [], [frameAction(said, 'postgres:begin', 'provisional')], 'inside');
    case 'parse':
      return readingOfParse(sql, said, view);
    case 'alone':
    case 'commit':
      throw refuse('BAD_REQUEST', 'this is read with the Plan that it is part of');
    case 'statement': {
      const step = { message: said, statement: statementOf(sql, said) };
      if (view === 'alone' && !staysOutside(step.statement))
        return readingOf(sql, said, ownTransaction(said), [step], actionsOf(step, 'plan'), 'plan');
      return readingOf(sql, said, singleStep(outside(step)), [step], actionsOf(step, view), view);
    }
  }
}

/**
 * Of what is only parsed: that nothing runs meanwhile which the transaction would not count, or could not take back. The
 * Plan is a question; the client's own frame is passed once it has been answered.
 */
function readingOfParse(sql: Sql, said: PostgresMessage, view: 'alone' | 'inside'): Reading {
  const look = postgresLookup(said, questions.session);
  const reading = readingOf(sql, look, singleStep(look), [], [frameAction(said, 'postgres:look-up', 'read')], 'alone');
  return {
    ...reading,
    *resolve(context) {
      const { standing, why, acts } = yield* reachOf(said, [], sql, said.types);
      const [act] = acts;
      if (standing === 'unknown' || (view === 'inside' && act !== undefined))
        throw refuse(
          'DENIED',
          `${why ?? `a type’s own code ${act ?? 'is not known'}`}, and preparing a statement would run it`,
          'send the statement without preparing it first: then a human can be asked',
        );
      return yield* reading.resolve(context);
    },
  };
}

/** The whole of a transaction: its BEGIN, what ran in it, its COMMIT. */
export function readTransaction(sql: Sql, plan: Plan): Reading {
  const messages = plan.steps.map(postgresMessageIn);
  const [first] = messages;
  if (first === undefined) throw refuse('BAD_REQUEST', 'the plan is empty');
  if (messages.length === 1)
    return readMessage(sql, first.act === 'alone' ? { ...first, act: 'statement' } : first, 'alone');
  const steps = messages
    .filter((message) => message.act === 'statement')
    .map((message) => ({ message, statement: statementOf(sql, message) }));
  const actions = steps.flatMap((step) => actionsOf(step, 'plan'));
  // A transaction that wrote something by nothing that is known to write: its COMMIT is judged all the same.
  const bare = actions.every((action) => action.reversibility === 'read');
  const commit = frameAction(first, 'postgres:commit', 'reversible');
  return readingOf(sql, first, plan, steps, bare ? [...actions, commit] : actions, 'plan');
}

/** A likely read runs outside a transaction, where the server lets nothing be written; so does what no transaction can hold. */
function staysOutside(statement: Statement): boolean {
  return likelyRead(statement) || statement.class === 'unrollable' || statement.class === 'setting';
}

/** What no transaction can hold is said as such: the line lets it write for itself. */
function outside({ message, statement }: Step): PostgresMessage {
  return statement.class === 'unrollable' ? { ...message, act: 'alone' } : message;
}

/** By its form, and by names that are usually PostgreSQL's own; what they really stand for is asked of the server. */
function likelyRead(statement: Statement): boolean {
  const { class: form, names, facts } = statement;
  return (
    form === 'read-candidate' &&
    facts.rowLock === undefined &&
    !explainsWrite(statement) &&
    names.functions.every(({ path }) => isCommon(path))
  );
}

/** Whether planning it runs any of the code round the table is found out by trying it. */
function explainsWrite({ names, facts }: Statement): boolean {
  return facts.explain !== undefined && names.relations.some(({ role }) => role !== 'read');
}

/** PostgreSQL's own by its schema, or by a name that usually is. */
function isCommon(path: readonly string[]): boolean {
  const name = path.at(-1) ?? '';
  return commonNames.has(name) || (path.length === 2 && path[0] === 'pg_catalog' && !harmlessWriters.has(name));
}

/** What is done at once stands in a transaction of its own: BEGIN, the statement, COMMIT. */
function ownTransaction(message: PostgresMessage): Plan {
  const { settings, ...statement } = message;
  const begin = postgresMessage(message, 'begin', 'BEGIN READ WRITE');
  const steps = [
    settings === undefined ? begin : { ...begin, settings },
    statement,
    postgresMessage(message, 'commit', 'COMMIT'),
  ];
  return { steps, effect: 2 };
}

function readingOf(
  sql: Sql,
  said: PostgresMessage,
  plan: Plan,
  steps: readonly Step[],
  actions: readonly Action[],
  view: View,
): Reading {
  return {
    entry: said.entry,
    plan,
    actions,
    *resolve(context) {
      const found = yield* resolution(said, steps, actions, view, context, sql);
      const remembering = context as Remembering;
      const looking = copying(said, plan, found, remembering);
      if (plan.steps.length === 1) return { ...found, ...looking };
      return { ...found, ...looking, measure: () => measured(said, steps, found, remembering) };
    },
    mask: (answer) => answer,
    outcome: (answer) => outcomeOf(answer, view),
    failure: failureIn,
    providerRefusal: refusalIn,
  };
}

function isOurs(statement: Statement): boolean {
  return asksAboutRows(statement) || locksForCopy(statement);
}

/** What a statement takes away is copied before it runs, where there is a line to copy it by. */
function copying(
  said: PostgresMessage,
  plan: Plan,
  { empties, drops }: Found,
  { undoLine, transactions }: Partial<Remembering>,
): Pick<Found, 'before'> {
  const nothing = empties.every(({ oids }) => oids.length === 0) && drops.every((one) => one.length === 0);
  if (undoLine !== true || transactions === undefined || nothing) return {};
  const statements = plan.steps.map(postgresMessageIn);
  return {
    *before(step) {
      const place = statements.slice(0, step).filter(({ act }) => act === 'statement').length;
      const [emptied, dropped] = [empties[place], drops[place] ?? []];
      if (statements[step]?.act !== 'statement') return;
      if (emptied !== undefined && emptied.oids.length > 0)
        yield* copyFirst(said, emptied, yield* transactionOf(said), transactions.emptying);
      if (dropped.length > 0) yield* definedFirst(said, dropped, yield* transactionOf(said), transactions.dropping);
    },
  };
}

/** A COMMIT of a failed transaction says ROLLBACK. */
function outcomeOf(answer: Answer, view: View): 'done' | 'failed' | 'unknown' {
  const { tag, error } = postgresAnswer(answer);
  if (error !== undefined) return 'failed';
  if (view === 'inside') return 'done';
  return tag === 'ROLLBACK' ? 'failed' : 'done';
}

/** The server's SQLSTATE alone: its words may hold the agent's. */
function failureIn(answer: Answer): string | undefined {
  const { error } = postgresAnswer(answer);
  return error === undefined ? undefined : `the server refused a statement (SQLSTATE ${error.code})`;
}

/** Class 28 and 42501: the server refuses the credential, or a right. */
function refusalIn(answer: Answer): string | undefined {
  const { error } = postgresAnswer(answer);
  if (error === undefined) return undefined;
  return error.code === '42501' || error.code.startsWith('28') ? error.message : undefined;
}

/** The one statement of a message. Throws `Refused` (`BAD_REQUEST`) for none, several, or one that cannot be read. */
export function statementOf(sql: Sql, { text, major }: PostgresMessage): Statement {
  const statements = sql.read(text, { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: major });
  const [only] = statements;
  if (only !== undefined && statements.length === 1) return only;
  throw refuse('BAD_REQUEST', 'a message holds exactly one statement', 'send them one by one');
}

function postgresMessageIn(message: Message): PostgresMessage {
  if (message.protocol !== 'postgres') throw refuse('BAD_REQUEST', 'this is no message for PostgreSQL');
  return message as PostgresMessage;
}
