import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  type AuthorizationAnswer,
  type DetailedError,
} from '@cedar-policy/cedar-wasm/nodejs';
import { PolicyError } from './policy-error.ts';
import { drilledHoursOf, type Question } from './question.ts';
import type { Rule } from './rules.ts';
import { levelOf, type Known, type Signed, type Verdict } from './verdict.ts';
import { VerdictCache } from './verdict-cache.ts';
import type { PrincipalKind } from '../../model/principal.ts';

/** Takes a question up, and answers it at one level of signing after another. */
export type Engine = (question: Question) => Taken;

export interface Taken {
  answer(signed: Signed): Verdict;
  readonly decisions: Known['decisions'];
}

const entityTypes: { readonly [kind in PrincipalKind]: string } = { agent: 'Agent', human: 'Human', ci: 'Ci' };
const cachedQuestions = 8_192;

/**
 * Hands the rules to Cedar under their own version, so that an older policy that is still in someone's hands never
 * meets newer rules, and answers questions from a cache by the exact facts.
 */
export function startEngine(version: string, schema: string, rules: readonly Rule[]): Engine {
  const name = `holdpoint/${version}`;
  const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, rule.text]));
  for (const answer of [preparseSchema(name, schema), preparsePolicySet(name, { staticPolicies })]) {
    if (answer.type === 'failure') throw new PolicyError(answer.errors.map(notTaken));
  }
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const cache = new VerdictCache(cachedQuestions);
  return (question) => {
    const { verdicts, decisions } = cache.take(keyOf(question));
    const answer = (signed: Signed): Verdict => {
      const level = levelOf(signed);
      const before = verdicts.get(level);
      if (before !== undefined) return before;
      // Facts that were validated at one level of signing are not other facts at the next.
      const verdict = verdictOf(() => ask(name, question, signed, verdicts.size === 0), byId);
      // A broken evaluation is asked again: what broke may have been the moment's.
      if (verdict.kind !== 'broken') verdicts.set(level, verdict);
      return verdict;
    };
    return { answer, decisions };
  };
}

function verdictOf(evaluate: () => AuthorizationAnswer, byId: ReadonlyMap<string, Rule>): Verdict {
  try {
    const answer = evaluate();
    if (answer.type === 'failure') return broken(answer.errors[0]?.message);
    const { decision, diagnostics } = answer.response;
    const [error] = diagnostics.errors;
    if (error !== undefined) return broken(error.error.message);
    const fired = diagnostics.reason.map((id) => byId.get(id));
    const rules = fired.filter((rule) => rule !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (rules.length !== fired.length) return broken('a rule fired that was never loaded');
    if (decision === 'deny') return Object.freeze({ kind: 'forbid', rules: Object.freeze(rules) });
    if (decision === 'allow' && rules.length > 0) return Object.freeze({ kind: 'permit', rules: Object.freeze(rules) });
    return broken('no decision');
  } catch (cause) {
    return broken(cause instanceof Error ? cause.message : 'the policy engine failed');
  }
}

function broken(detail: string | undefined): Verdict {
  return Object.freeze({ kind: 'broken', detail: detail ?? 'the policy engine failed' });
}

/** Every fact that reaches Cedar but the signatures, unambiguously: two questions with one key are one question. */
function keyOf(question: Question): string {
  const { action, environment, input } = question;
  const drilledHours = drilledHoursOf(question);
  const { principal, gate } = input.request;
  return JSON.stringify([
    principal.kind,
    principal.id,
    principal.name,
    gate,
    action.operation,
    action.reversibility,
    action.traits,
    environment.name,
    environment.production,
    environment.disposable,
    input.tokenEnvironments.includes(environment.name),
    input.undoSecured,
    input.withinBounds,
    input.rows,
    drilledHours,
  ]);
}

function ask(name: string, question: Question, signed: Signed, validateRequest: boolean): AuthorizationAnswer {
  const { action, environment, input } = question;
  const { principal, gate } = input.request;
  const who = { type: entityTypes[principal.kind], id: principal.id };
  const where = { type: 'Environment', id: environment.name };
  // Nothing that is production is disposable, whatever the record says; nothing unsaid is non-production.
  const production = !said(environment.production, false);
  const disposable = said(environment.disposable, true) && !production;
  return statefulIsAuthorized({
    principal: who,
    action: { type: 'Action', id: 'perform' },
    resource: where,
    context: {
      gate,
      operation: action.operation,
      reversibility: enumerated('Reversibility', action.reversibility),
      traits: action.traits.map((trait) => enumerated('Trait', trait)),
      undoSecured: input.undoSecured,
      withinBounds: input.withinBounds,
      rows: input.rows,
      drilledHours: drilledHoursOf(question),
      tokenNamesEnvironment: input.tokenEnvironments.includes(environment.name),
      signatures: signed.signatures,
      typedFact: signed.typedFact,
    },
    preparsedSchemaName: name,
    validateRequest,
    preparsedPolicySetId: name,
    entities: [
      { uid: who, attrs: { name: principal.name }, parents: [] },
      { uid: where, attrs: { production, disposable }, parents: [] },
    ],
  });
}

/** A record may come from a file: what is not exactly this boolean does not say it. */
function said(value: unknown, word: boolean): boolean {
  return value === word;
}

function enumerated(type: string, id: string): { readonly __entity: { readonly type: string; readonly id: string } } {
  return { __entity: { type, id } };
}

function notTaken(error: DetailedError): { file: string; line: number; column: number; message: string; hint: string } {
  return {
    file: 'policy',
    line: 1,
    column: 1,
    message: error.message,
    hint: error.help ?? 'the policy engine would not take it',
  };
}
