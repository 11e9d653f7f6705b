import type { Explained } from '../contract/api.ts';
import type { Provider, Reading } from '../contract/provider.ts';
import type { Action } from '../model/action.ts';
import type { ActionRequest } from '../model/action-request.ts';
import type { Decision } from '../model/decision.ts';
import type { Environment } from '../model/environment.ts';
import type { Json } from '../model/json.ts';
import { type Message, type Plan, singleStep } from '../model/plan.ts';
import { refusalIn, refuse } from '../model/refusal.ts';
import { worst } from '../model/reversibility.ts';
import type { Policy } from '../road/policy/policy.ts';

export interface ExplainAsked {
  readonly id: string;
  /** A provider (`railway`) or a language (`graphql`). */
  readonly about: string;
  readonly text: string;
  readonly variables?: { readonly [name: string]: Json } | undefined;
}

/** Nobody is asked where things are: an all-scope agent token in production is assumed. */
const assumed: Environment = { name: 'production', production: true, disposable: false, bindings: {} };

/**
 * Says for a text what it would do and why, by the catalogue and this policy. The far side is asked nothing: what ids
 * stand for is not looked up. Never throws: what is not understood is `unknown` and denied.
 */
export function explainText(providers: readonly Provider[], policy: Policy, asked: ExplainAsked): Explained {
  const provider =
    providers.find((one) => one.name === asked.about) ?? providers.find((one) => one.language === asked.about);
  if (provider === undefined) {
    return {
      id: asked.id,
      reversibility: 'unknown',
      decision: 'deny',
      actions: [],
      reasons: [
        `\`${asked.about}\` is neither a provider nor a language here; known: ${explainable(providers).join(', ')}`,
      ],
    };
  }
  try {
    const { asks, plan, missing } = asksOf(provider, asked);
    const decision = judgeAssumed(policy, asks, plan);
    const resolverOf = new Map(provider.catalogue.map((one) => [one.operation, one.resolver]));
    const actions = asks.map((action) => ({
      operation: action.operation,
      reversibility: action.reversibility,
      traits: action.traits,
      why: action.why,
      resolver: resolverOf.get(action.operation) ?? 'none',
    }));
    const unresolved = actions.filter((action) => action.resolver === 'none' && action.reversibility !== 'read');
    return {
      id: asked.id,
      reversibility: worst(actions.map((action) => action.reversibility)),
      decision: unresolved.length > 0 ? 'deny' : decision.kind,
      actions,
      reasons: [
        ...missing.map((one) => `${one} is missing; classified as if it were there`),
        ...actions.map((action) => `${action.operation}: ${action.why}`),
        ...decision.reasons,
        ...unresolved.map((action) => `${action.operation} has no resolver yet, so it is denied`),
      ],
    };
  } catch (thrown) {
    const { detail, hint } = refusalIn(thrown);
    return { id: asked.id, reversibility: 'unknown', decision: 'deny', actions: [], reasons: [detail, hint] };
  }
}

/** What was asked for, even where something milder would be sent. */
function asksOf(
  provider: Provider,
  asked: ExplainAsked,
): { readonly asks: readonly Action[]; readonly plan: Plan; readonly missing: readonly string[] } {
  if (provider.actionsIn !== undefined)
    return { asks: provider.actionsIn(asked.text), plan: singleStep(messageOf(provider, asked)), missing: [] };
  const { reading, missing } = readFor(provider, asked);
  return { asks: reading.asks ?? reading.actions, plan: reading.plan, missing };
}

/** As it stands; else, where only something is missing, as it would be if that were there. Throws `Refused`. */
function readFor(
  provider: Provider,
  asked: ExplainAsked,
): { readonly reading: Reading; readonly missing: readonly string[] } {
  try {
    return { reading: provider.read(messageOf(provider, asked)), missing: [] };
  } catch (thrown) {
    const made =
      refusalIn(thrown).code === 'BAD_REQUEST' ? provider.makeWhole?.(asked.text, asked.variables ?? {}) : undefined;
    if (made === undefined) throw thrown;
    return { reading: provider.read(messageOf(provider, { ...asked, ...made })), missing: made.missing };
  }
}

function messageOf(provider: Provider, { text, variables }: Pick<ExplainAsked, 'text' | 'variables'>): Message {
  const message = provider.messageOf?.(text, variables);
  if (message === undefined)
    throw refuse('BAD_REQUEST', `${provider.name} takes no text`, 'ask it through its gate: what it would do is held');
  return message;
}

/** What a text can be about: providers by name, and the languages that they speak. */
export function explainable(providers: readonly Provider[]): readonly string[] {
  return [...new Set(providers.flatMap(({ name, language }) => (language === undefined ? [name] : [name, language])))];
}

function judgeAssumed(policy: Policy, read: readonly Action[], plan: ActionRequest['plan']): Decision {
  const actions = read.map((action) => ({
    ...action,
    resources: (action.resources.length === 0 ? [{ kind: 'unresolved', id: '*' }] : action.resources).map((one) => ({
      ...one,
      environments: ['production'],
    })),
  }));
  const request: ActionRequest = {
    schema: 'holdpoint/action/v1',
    principal: { kind: 'agent', id: 'pr_offline', name: 'offline' },
    token: 'tk_offline',
    gate: 'http',
    upstream: 'offline',
    environments: ['production'],
    actions,
    settings: {},
    plan,
    affected: null,
  };
  return policy.judge({
    request,
    environments: [assumed],
    tokenEnvironments: ['production'],
    undoSecured: true,
    withinBounds: true,
    rows: 0,
  });
}
