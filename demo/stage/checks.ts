import type { Stage } from './stage.ts';

/** One thing that was tried, and what it has to show. */
export interface Check {
  /** Requirement ids, and the scenario's. */
  readonly ids: readonly string[];
  /** What holds, in a few words. */
  readonly title: string;
  /** The one guard that makes it so: without it the check is red. */
  readonly guard: string;
}

/** What a check found: nothing when all is as it should be. */
export type Findings = readonly (string | false | undefined)[];

export interface Told {
  readonly findings: Findings;
  /** What was seen, for people: an answer, a number. */
  readonly seen?: string;
}

export interface Result extends Check {
  readonly passed: boolean;
  readonly wrong: readonly string[];
}

/** Runs checks, tells each, keeps the results. A check that throws has failed. */
export class Checks {
  readonly results: Result[] = [];
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get failed(): readonly Result[] {
    return this.results.filter((one) => !one.passed);
  }

  async run(check: Check, doing: () => Promise<Told> | Told): Promise<void> {
    let told: Told;
    try {
      told = await doing();
    } catch (cause) {
      told = { findings: [`it could not be tried: ${cause instanceof Error ? cause.message : String(cause)}`] };
    }
    const wrong = told.findings.filter((finding): finding is string => typeof finding === 'string');
    const passed = wrong.length === 0;
    this.results.push({ ...check, passed, wrong });
    const mark = passed ? this.#stage.paint('good', '✓') : this.#stage.paint('bad', '✗ FAILED');
    this.#stage.tell(check.ids.join(' '), `${mark} ${check.title}`);
    if (told.seen !== undefined) this.#stage.under(told.seen);
    for (const finding of wrong) this.#stage.under(`wrong: ${finding}`, 'bad');
    if (!passed) this.#stage.under(`guard: ${check.guard}`, 'bad');
  }
}

/** `wrong` unless it holds. */
export function expect(holds: boolean, wrong: string): string | false {
  return holds ? false : wrong;
}
