import type { BeforeImage, UndoPlan } from '../../contract/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import type { Output } from '../terminal/output.ts';
import { printTable } from '../terminal/table.ts';

/** What an undo would do is asked of the far side, which may take its time. */
const looking = { timeoutMs: 120_000 };

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const { images } = await invocation.api().get<{ images: readonly BeforeImage[] }>('/v1/undo');
  const shown = invocation.flag('all')
    ? images
    : images.filter((one) => one.state === 'secured' || one.state === 'settled');
  out.show({ images: shown }, () => {
    if (shown.length === 0) return out.line('there is nothing to undo');
    return printTable(
      out,
      ['undo', 'secured', 'state', 'agent', 'what', 'where'],
      shown.map((one) => [
        ['strong', one.id],
        one.securedAt,
        one.state,
        one.principal,
        one.operations.join(', '),
        one.environments.join(', '),
      ]),
    );
  });
  return exitCode.done;
};

export const show: Run = async (invocation) => {
  const { out } = invocation;
  const plan = await invocation.api().get<UndoPlan>(path(invocation.needed(0)), looking);
  out.show(plan, () => printPlan(out, plan));
  return exitCode.done;
};

/** Puts a before-image back. What was written since is shown, and never overwritten unless that was said. */
export const undo: Run = async (invocation) => {
  const { out } = invocation;
  const id = invocation.word(0);
  if (id === undefined)
    throw misused('what should be undone?', 'list it: holdpoint undo list; then: holdpoint undo <id>');
  const api = invocation.api();
  if (!out.json) printPlan(out, await api.get<UndoPlan>(path(id), looking));
  const undone = await api.post<{ undone: string; steps: number }>(path(id), {
    overConflicts: invocation.flag('overConflicts'),
  });
  out.show(undone, () =>
    out.line(['good', 'undone'], ` ${undone.undone} in ${undone.steps} ${undone.steps === 1 ? 'step' : 'steps'}`),
  );
  return exitCode.done;
};

function printPlan(out: Output, plan: UndoPlan): void {
  out.line(['strong', `${plan.image} undoes ${plan.operations.join(', ')}`]);
  for (const step of plan.steps) out.line(`  would run ${step}`);
  if (plan.steps.length === 0) out.line('  nothing is left to put back');
  for (const text of plan.conflicts) out.line(['warning', `  conflict: ${text}`]);
  for (const text of plan.notUndone) out.line(['danger', `  does not come back: ${text}`]);
}

function path(id: string): string {
  return `/v1/undo/${encodeURIComponent(id)}`;
}
