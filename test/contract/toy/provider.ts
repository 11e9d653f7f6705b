import type { ToyMessage, ToyRow } from './far-side.ts';
import type { Looking } from '../../../src/contract/lookup.ts';
import type {
  Measurement,
  Provider,
  PutBack,
  Reading,
  Resolution,
  ResolveContext,
} from '../../../src/contract/provider.ts';
import type { Action } from '../../../src/model/action.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { boundTo } from '../../../src/model/environment.ts';
import type { Json, JsonObject } from '../../../src/model/json.ts';
import type { Message, Plan } from '../../../src/model/plan.ts';
import { refuse } from '../../../src/model/refusal.ts';

const toy = (rest: Omit<ToyMessage, 'protocol'>): ToyMessage => ({ protocol: 'toy', ...rest }) as ToyMessage;

/** Asked for at once, outside a transaction: `begin`, the statement, `commit`; the commit is the effect. */
export function autocommit(statement: ToyMessage): Plan {
  return { steps: [toy({ verb: 'begin' }), statement, toy({ verb: 'commit' })], effect: 2 };
}

export function transaction(statements: readonly ToyMessage[]): Plan {
  return { steps: [toy({ verb: 'begin' }), ...statements, toy({ verb: 'commit' })], effect: statements.length + 1 };
}

/** A transactional provider: writes are provisional until the commit, which is judged on what they measurably did. */
export const toyProvider: Provider = {
  name: 'toy',
  hosts: [],
  catalogue: (['get', 'set', 'drop'] as const).map((verb) => ({
    operation: `toy:${verb}`,
    reversibility: classOf(verb),
    traits: [],
    why: verb,
    resolver: 'live' as const,
  })),
  presets: { 'toy:all': ['toy:begin', 'toy:get', 'toy:set', 'toy:drop'] },
  credentialHeaders: [],
  looksLikeCredential: () => false,
  read: (message) => readOne(message as ToyMessage),
  readPlan: (plan) => readPlan(plan),
  *putBack(image): Looking<PutBack> {
    const rows = image['rows'] as unknown as readonly ToyRow[];
    yield* [];
    return {
      plans: rows.flatMap((row) =>
        row.value === null ? [] : [toy({ verb: 'set', environment: row.environment, key: row.key, value: row.value })],
      ),
      conflicts: [],
      notUndone: [],
    };
  },
};

function classOf(verb: 'get' | 'set' | 'drop'): 'read' | 'reversible' | 'irreversible' {
  return verb === 'get' ? 'read' : verb === 'set' ? 'reversible' : 'irreversible';
}

function readOne(message: ToyMessage): Reading {
  const { verb } = message;
  if (verb === 'get' || verb === 'changed' || verb === 'count')
    return reading({ steps: [message], effect: 0 }, [actionOf(message, 'read')]);
  if (verb === 'set' || verb === 'drop') return readPlan(autocommit(message));
  throw refuse('BAD_REQUEST', `\`${verb}\` is no statement of the toy protocol`, 'send get, set or drop');
}

/** A statement inside a transaction that a gate holds open. */
export function readProvisional(message: ToyMessage): Reading {
  return reading({ steps: [message], effect: 0 }, [actionOf(message, message.verb === 'get' ? 'read' : 'provisional')]);
}

export function readPlan(plan: Plan): Reading {
  const statements = plan.steps.slice(1, -1) as unknown as readonly ToyMessage[];
  return reading(
    plan,
    statements.map((one) =>
      actionOf(one, one.verb === 'set' ? 'reversible' : one.verb === 'drop' ? 'irreversible' : 'read'),
    ),
  );
}

function actionOf(message: ToyMessage, reversibility: Action['reversibility']): Action {
  const id = message.environment ?? '*';
  return {
    operation: `toy:${message.verb}`,
    reversibility,
    traits: [],
    resources: [{ kind: 'toy:environment', id, environments: [] }],
    why: `the toy says ${message.verb}`,
  };
}

function reading(plan: Plan, actions: readonly Action[]): Reading {
  const [{ entry } = { entry: undefined }] = plan.steps as readonly ToyMessage[];
  return {
    ...(entry === undefined ? {} : { entry }),
    plan,
    actions,
    *resolve(context) {
      yield* [];
      return resolution(
        plan,
        actions.map((action) => resolved(action, context)),
      );
    },
    mask: (answer) => answer,
    outcome: () => 'done',
    providerRefusal: () => undefined,
  };
}

function resolved(action: Action, context: ResolveContext): Action {
  return {
    ...action,
    resources: action.resources.map((one) => {
      // A transaction's frame touches what its statements touch.
      if (one.id === '*') return { ...one, environments: context.environments.map((each) => each.name).slice(0, 1) };
      const environment = boundTo(context.environments, 'toy', one.id);
      if (environment === undefined) throw refuse('DENIED', `toy environment \`${one.id}\` is not bound`);
      return { ...one, name: one.id, environments: [environment.name] };
    }),
  };
}

function resolution(plan: Plan, actions: readonly Action[]): Resolution {
  const transactional = plan.steps.length > 1;
  return {
    actions,
    facts: [],
    dependents: [],
    varyingFact: actions[0]?.resources[0]?.name ?? '',
    defaultMode: 'now',
    undo: transactional ? 'the rows as they were' : 'none',
    ...(transactional ? { measure: () => measured(actions) } : {}),
  };
}

function* measured(actions: readonly Action[]): Looking<Measurement> {
  const answer = yield { message: toy({ verb: 'changed' }), purpose: 'what the open transaction changed' };
  const rows = answer.content as readonly ToyRow[];
  const hashes = rows.map((row) => digestOf('holdpoint/toy/v1', row as unknown as Json));
  return {
    facts: [{ label: 'Rows', value: String(rows.length), tone: 'plain', source: 'measured' }],
    hashes,
    rows: rows.length,
    capture: { image: { rows: rows as unknown as Json } as JsonObject, hashes: [] },
    actions,
  };
}

export type { Message };
