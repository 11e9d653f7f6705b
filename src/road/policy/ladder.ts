import type { Engine, Taken } from './engine.ts';
import type { Question } from './question.ts';
import type { Rule } from './rules.ts';
import { levelOf, type Signed, type Verdict } from './verdict.ts';
import type { Decision, Friction } from '../../model/decision.ts';

const unsigned: Signed = { signatures: 0, typedFact: false };

/** What a human can be asked for, from the least to the most. The first step at which every question is permitted decides. */
const steps: readonly Friction[] = [
  { signatures: 1, typedFact: false },
  { signatures: 1, typedFact: true },
  { signatures: 2, typedFact: true },
];

/** Asks all questions unsigned, and then what a signature would unlock. Anything broken is a denial. */
export function decide(engine: Engine, questions: readonly Question[]): Decision {
  return decideFrom(engine, questions, unsigned);
}

/** Asks all questions with what was signed; short of that, what more it would take. */
export function decideFrom(engine: Engine, questions: readonly Question[], signed: Signed): Decision {
  const taken = questions.map(engine);
  const decisions = taken.length === 1 ? taken[0]?.decisions : undefined;
  const known = decisions?.get(levelOf(signed));
  if (known !== undefined) return known;
  const decided = climb(taken, signed);
  if (decided === undefined) return denied('the policy could not be evaluated, and that is never a yes');
  decisions?.set(levelOf(signed), decided);
  return decided;
}

/** Undefined when anything broke on the way. */
function climb(taken: readonly Taken[], signed: Signed): Decision | undefined {
  const first = taken.map((one) => one.answer(signed));
  if (first.every((verdict) => verdict.kind === 'permit')) return decision('allow', first.flatMap(rulesOf));
  const asked: Verdict[] = [...first];
  for (const friction of steps.filter((step) => isMore(step, signed))) {
    if (asked.some(isBroken)) return undefined;
    const verdicts = taken.map((one) => one.answer(friction));
    if (verdicts.every((verdict) => verdict.kind === 'permit')) {
      // Why a human is asked: what forbade it until now, and what permits it only when signed.
      const forbade = asked.filter((verdict) => verdict.kind === 'forbid').flatMap(rulesOf);
      const permitsSigned = verdicts.flatMap(rulesOf).filter((rule) => rule.asksForSignature);
      return Object.freeze({
        ...decision('hold', [...forbade, ...permitsSigned]),
        friction: Object.freeze({ ...friction }),
      });
    }
    asked.push(...verdicts);
  }
  if (asked.some(isBroken)) return undefined;
  const last = asked.slice(-taken.length);
  return decision('deny', last.filter((verdict) => verdict.kind === 'forbid').flatMap(rulesOf));
}

/** A denial that no rule of the policy spoke. */
export function denied(reason: string): Decision {
  return Object.freeze({ kind: 'deny', rules: Object.freeze(['default']), reasons: Object.freeze([reason]) });
}

function decision<Kind extends 'allow' | 'deny' | 'hold'>(
  kind: Kind,
  fired: readonly Rule[],
): { readonly kind: Kind; readonly rules: readonly string[]; readonly reasons: readonly string[] } {
  if (fired.length === 0)
    return Object.freeze({
      kind,
      rules: Object.freeze(['default']),
      reasons: Object.freeze(['no rule of the policy permits it']),
    });
  const rules = [...new Set(fired)];
  return Object.freeze({
    kind,
    rules: Object.freeze(rules.map((rule) => rule.id)),
    reasons: Object.freeze([...new Set(rules.map((rule) => rule.reason))]),
  });
}

function rulesOf(verdict: Verdict): readonly Rule[] {
  return verdict.kind === 'broken' ? [] : verdict.rules;
}

function isMore(friction: Friction, signed: Signed): boolean {
  const least = friction.signatures >= signed.signatures && (friction.typedFact || !signed.typedFact);
  return least && (friction.signatures > signed.signatures || friction.typedFact !== signed.typedFact);
}

function isBroken(verdict: Verdict): boolean {
  return verdict.kind === 'broken';
}
