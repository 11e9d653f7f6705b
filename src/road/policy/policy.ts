import { startEngine } from './engine.ts';
import { decide, decideFrom, denied } from './ladder.ts';
import {
  checkPolicyFiles,
  defaultPolicyDirectory,
  policyVersion,
  readPolicyDirectory,
  readSchema,
  type PolicyFile,
} from './policy-files.ts';
import { questionsOf, type JudgeInput, type Question } from './question.ts';
import { readRules } from './rules.ts';
import type { Signed } from './verdict.ts';
import type { Decision } from '../../model/decision.ts';

export type { Signed } from './verdict.ts';
export type { JudgeInput } from './question.ts';
export type { PolicyFile } from './policy-files.ts';
export { defaultPolicyDirectory } from './policy-files.ts';
export { PolicyError, type PolicyFinding } from './policy-error.ts';

/** A validated policy. Judges by its own rules for as long as anybody holds it; replaced whole, never changed. */
export interface Policy {
  /** SHA-256 of its files and of the schema, lower-case hex. */
  readonly version: string;
  readonly files: readonly PolicyFile[];
  readonly rules: readonly { readonly id: string; readonly effect: 'permit' | 'forbid'; readonly reason: string }[];
  /** What is to be done with a request that nobody has signed. Never throws: what cannot be judged is denied. */
  judge(input: JudgeInput): Decision;
  /**
   * The same with what humans have signed, for the check right before the effect: `allow` if that is enough, `hold`
   * with the friction it would take if it is not, `deny` if no signature is.
   */
  judgeSigned(input: JudgeInput, signed: Signed): Decision;
}

/**
 * Reads and validates a policy: the files given, or the `*.cedar` files of a directory, or those that ship with the
 * package. Throws `PolicyError`, each finding with file, line and column, for anything Cedar does not take, for any
 * validation error or warning, and for a rule without `@id` or `@reason`; whoever holds an older policy keeps it.
 */
export function loadPolicy(
  from: { readonly files: readonly PolicyFile[] } | { readonly dir: string } = { dir: defaultPolicyDirectory() },
): Policy {
  const given = 'files' in from ? from.files : readPolicyDirectory(from.dir);
  const files = Object.freeze(given.map(({ name, text }) => Object.freeze({ name, text })));
  checkPolicyFiles(files);
  const schema = readSchema();
  const rules = readRules(files, schema);
  const version = policyVersion(schema, files);
  const engine = startEngine(version, schema, rules);
  return Object.freeze({
    version,
    files,
    rules: Object.freeze(rules.map(({ id, effect, reason }) => Object.freeze({ id, effect, reason }))),
    judge: (input: JudgeInput) => judged(input, (questions) => decide(engine, questions)),
    judgeSigned: (input: JudgeInput, signed: Signed) =>
      judged(input, (questions) => {
        if (!isLevel(signed)) return denied('what was signed is not to be understood');
        return decideFrom(engine, questions, signed);
      }),
  });
}

function judged(input: JudgeInput, work: (questions: readonly Question[]) => Decision): Decision {
  try {
    const questions = questionsOf(input);
    return 'reason' in questions ? denied(questions.reason) : work(questions);
  } catch {
    return denied('the policy could not be asked, and that is never a yes');
  }
}

/** A handful of people at most: a level beyond that is no fact, and would only fill the cache. */
function isLevel(signed: { readonly signatures: unknown; readonly typedFact: unknown }): boolean {
  const { signatures, typedFact } = signed;
  return (
    typeof signatures === 'number' &&
    Number.isInteger(signatures) &&
    signatures >= 0 &&
    signatures <= 16 &&
    typeof typedFact === 'boolean'
  );
}
