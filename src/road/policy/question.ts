import type { ActionRequest } from '../../model/action-request.ts';
import type { Action } from '../../model/action.ts';
import type { Environment } from '../../model/environment.ts';

/** Of an environment of which no restore was rehearsed, in hours: longer than any rule would wait. */
export const neverDrilled = 1_000_000;

/** What policy is asked about a request. */
export interface JudgeInput {
  readonly request: ActionRequest;
  /** All configured ones; what the request names and this does not hold is denied. */
  readonly environments: readonly Environment[];
  /** Environments that the token's scope names. One that is not among them is denied. */
  readonly tokenEnvironments: readonly string[];
  /** The undo of its reversible actions is durable, or is proved possible and will be before the effect. */
  readonly undoSecured: boolean;
  /** At most 1,000 rows or records with those of the last hour, and of no table more than 5 % or 20 rows (`bounds.ts`). */
  readonly withinBounds: boolean;
  /** Rows changed, where they could be measured; 0 where rows mean nothing. */
  readonly rows: number;
  /** By environment, whole hours since a restore was last rehearsed with success; `neverDrilled` for one that is left out. */
  readonly drilledHours?: { readonly [environment: string]: number };
}

/** Of the environment that is asked about. */
export function drilledHoursOf({ environment, input }: Question): number {
  const { drilledHours = {} } = input;
  return Object.hasOwn(drilledHours, environment.name)
    ? (drilledHours[environment.name] ?? neverDrilled)
    : neverDrilled;
}

/** One action in one environment, with all that a rule may look at but the signatures. */
export interface Question {
  readonly action: Action;
  readonly environment: Environment;
  readonly input: JudgeInput;
}

/** Why no rule had to be asked: the request names something that cannot be judged. Denied. */
export interface Unjudgeable {
  readonly reason: string;
}

/** Every action in every environment it touches. An environment that no action accounts for is one for all of them. */
export function questionsOf(input: JudgeInput): readonly Question[] | Unjudgeable {
  const { actions, environments: touched } = input.request;
  if (actions.length === 0) return { reason: 'nothing is known of what it would do' };
  if (touched.length === 0) return { reason: 'it could not be placed in an environment' };
  const accounted = new Set<string>();
  for (const action of actions) {
    for (const resource of action.resources) {
      if (resource.environments.length === 0)
        return { reason: `a resource of \`${action.operation}\` could not be placed in an environment` };
      for (const name of resource.environments) {
        if (!touched.includes(name))
          return { reason: `a resource of \`${action.operation}\` is in \`${name}\`, which the request does not name` };
        accounted.add(name);
      }
    }
  }
  const unaccounted = touched.filter((name) => !accounted.has(name));
  const questions: Question[] = [];
  for (const action of actions) {
    const names =
      action.resources.length === 0
        ? touched
        : [...action.resources.flatMap((resource) => resource.environments), ...unaccounted];
    for (const name of new Set(names)) {
      const environment = only(input.environments, name);
      if (environment === undefined)
        return { reason: `environment \`${name}\` is not configured, or is configured twice` };
      questions.push({ action, environment, input });
    }
  }
  return questions;
}

function only(environments: readonly Environment[], name: string): Environment | undefined {
  const found = environments.filter((environment) => environment.name === name);
  return found.length === 1 ? found[0] : undefined;
}
