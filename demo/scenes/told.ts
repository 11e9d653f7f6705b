import type { Program } from '../stage/program.ts';
import type { Stage, Tone } from '../stage/stage.ts';

/** What the agent tells of its work. */
export interface AgentStep {
  readonly kind: string;
  readonly text: string;
  /** Milliseconds since it was started. */
  readonly at: number;
  /** The bare answer, where it sent something. */
  readonly answer?: { readonly status: number; readonly text: string; readonly ms: number; readonly by: string };
}

const tones: { readonly [kind: string]: Tone } = {
  thinks: 'dim',
  finds: 'warn',
  sends: 'strong',
  confesses: 'dim',
};

/** Tells the agent's steps as they come, but for the confession, and returns them all. */
export async function follow(agent: Program, stage: Stage): Promise<readonly AgentStep[]> {
  const steps: AgentStep[] = [];
  for await (const line of agent.lines()) {
    const step = line as AgentStep;
    steps.push(step);
    if (step.kind !== 'confesses') stage.tell('agent', `${step.kind} ${step.text}`, tones[step.kind] ?? 'plain');
  }
  return steps;
}

export function said(steps: readonly AgentStep[], kind: string): AgentStep | undefined {
  return steps.find((step) => step.kind === kind);
}
