import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { isLate, isSaid } from './sql-sessions.ts';
import type { Looking } from '../../src/contract/lookup.ts';
import type { Provider, ResolveContext } from '../../src/contract/provider.ts';
import type { Answer } from '../../src/contract/upstream.ts';
import type { Action } from '../../src/model/action.ts';
import { type PostgresMessage, postgresMessage } from '../../src/model/postgres-message.ts';
import { refuse } from '../../src/model/refusal.ts';

/**
 * What the gate's provider says of one statement, by the catalogue of the very session that would run it.
 * - `read`: it goes by itself, since it changes nothing
 * - `measured`: what is found inside its transaction decides
 * - `other`: held, denied, or an act that is none of a transaction's
 */
export type Verdict =
  | { readonly kind: 'read' }
  | { readonly kind: 'measured'; readonly isRead: () => Promise<boolean> }
  | { readonly kind: 'other' };

const entry = 'pg-torture';

/** A human's, so that the roles of the suite, superusers among them, are no reason to refuse: nothing is hidden by a lack of rights. */
const context: ResolveContext = {
  environments: [{ name: 'torture', production: false, disposable: false, bindings: { postgres: [entry] } }],
  reach: 'environment',
  principal: 'human',
};

/**
 * `answers`: what the catalogue has said, to be asked once as long as nothing may have changed it. Throws `Refused` where the provider refuses to say, and `TypeError` and
 * the like where it is broken.
 */
export async function verdictOf(
  provider: Provider,
  client: Client,
  text: string,
  major: number,
  answers: Map<string, Answer>,
): Promise<Verdict> {
  const reading = provider.read(postgresMessage({ entry, major }, 'statement', text, 'simple'));
  const resolution = await looked(provider, client, reading.resolve(context), answers);
  const { measure } = resolution;
  if (isRead(resolution.actions) && reading.plan.steps.length === 1) return { kind: 'read' };
  if (measure === undefined || resolution.actions.some(({ reversibility }) => reversibility === 'unknown'))
    return { kind: 'other' };
  return {
    kind: 'measured',
    isRead: async () => {
      const { actions = resolution.actions } = await looked(provider, client, measure());
      return isRead(actions);
    },
  };
}

function isRead(actions: readonly Action[]): boolean {
  return actions.length > 0 && actions.every(({ reversibility }) => reversibility === 'read');
}

/** As the road runs look-ups: each is read again, and has to be a read. */
async function looked<T>(
  provider: Provider,
  client: Client,
  question: Looking<T>,
  answers?: Map<string, Answer>,
): Promise<T> {
  let next = question.next();
  while (next.done !== true) {
    // What is put back for a trial was written.
    if ('rehearse' in next.value) throw refuse('DENIED', 'this wrote rows');
    const { message } = next.value;
    if (!isRead(provider.read(message).actions)) throw new Error('a look-up of the provider is no read');
    const said = message as PostgresMessage;
    const key = JSON.stringify([said.text, said.values.map((value) => value && Buffer.from(value).toString('utf8'))]);
    const answer = answers?.get(key) ?? (await answered(client, said));
    answers?.set(key, answer);
    next = question.next(answer);
  }
  return next.value;
}

/** A look-up had no answer: the session is of no more use. */
export class LookUpLost extends Error {}

/** The client believes that what it prepared is still there: a DEALLOCATE or DISCARD says otherwise. */
export function forgetPrepared(client: Client): void {
  const { connection } = client as unknown as { readonly connection: { parsedStatements: object } };
  connection.parsedStatements = {};
}

async function answered(client: Client, { text, values }: PostgresMessage): Promise<Answer> {
  const said = values.map((value) => (value === null ? null : Buffer.from(value).toString('utf8')));
  try {
    const { rows, command } = await client.query<(string | null)[]>({
      // Planned once, as the gate has it.
      name: `look-up ${createHash('sha256').update(text).digest('hex').slice(0, 20)}`,
      text,
      values: said,
      rowMode: 'array',
      types: { getTypeParser: () => (value: string) => value },
    });
    return { protocol: 'postgres', content: { tag: command, rows } };
  } catch (thrown) {
    // What took too long is no answer of the catalogue's either.
    if (!isSaid(thrown) || isLate(thrown)) throw new LookUpLost('a look-up had no answer', { cause: thrown });
    return {
      protocol: 'postgres',
      content: { tag: '', rows: [], error: { code: thrown.code ?? '', message: thrown.message } },
    };
  }
}
