import type { BeforeImage, Undone, UndoPlan, UndoRunPlan, UndoRunStep } from '../../contract/api.ts';
import type { Api } from '../api/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { Output } from '../terminal/output.ts';
import { printTable } from '../terminal/table.ts';
import { type UndoWhat, undoWhat } from '../undo-what.ts';

/** What an undo would do is asked of the far side, which may take its time. */
const looking = { timeoutMs: 600_000 };

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const state = invocation.text('state');
  const query = new URLSearchParams();
  for (const name of ['agent', 'environment', 'state']) {
    const value = invocation.text(name);
    if (value !== undefined) query.set(name, value);
  }
  const asked = query.size === 0 ? '' : `?${query.toString()}`;
  const { images } = await invocation.api().get<{ images: readonly BeforeImage[] }>(`/v1/undo${asked}`);
  const isAll = state !== undefined || invocation.flag('all');
  const shown = isAll ? images : images.filter((one) => one.state === 'secured' || one.state === 'settled');
  out.show({ images: shown }, () => {
    if (shown.length === 0) return out.line('there is nothing to undo');
    return printTable(
      out,
      ['undo', 'secured', 'state', 'agent', 'where', 'what'],
      shown.map((one) => [
        ['strong', one.id],
        one.securedAt,
        one.state,
        one.principal,
        one.environments.join(', '),
        `${one.operations.join(', ')}${one.undoes === undefined ? '' : ` (the undo of ${one.undoes})`}`,
      ]),
    );
  });
  return exitCode.done;
};

/** What an undo would do, and what was written since. Nothing is done. */
export const show: Run = async (invocation) => {
  const { out } = invocation;
  const what = wanted(invocation);
  const api = invocation.api();
  if (what.image !== undefined) {
    const plan = await api.get<UndoPlan>(path(what.image), looking);
    out.show(plan, () => printPlan(out, plan));
    return exitCode.done;
  }
  const plan = await planOf(api, what);
  out.show(plan, () => printRun(out, plan));
  return exitCode.done;
};

/**
 * Puts back what acts changed, newest first, each after one plan for all was shown; stops at the first that does not go.
 * What was written since is shown, and never overwritten unless that was said.
 */
export const undo: Run = async (invocation) => {
  const { out } = invocation;
  const what = wanted(invocation);
  const api = invocation.api();
  const toSchema = invocation.text('toSchema');
  if (toSchema !== undefined) return putBeside(invocation, api, what, toSchema);
  if (what.image !== undefined) return undoOne(invocation, api, what.image);
  const plan = await planOf(api, what);
  if (!out.json) printRun(out, plan);
  return undoEach(invocation, api, plan);
};

async function undoOne(invocation: Invocation, api: Api, image: string): Promise<ExitCode> {
  const { out } = invocation;
  if (!out.json) printPlan(out, await api.get<UndoPlan>(path(image), looking));
  const undone = await putBack(invocation, api, image);
  out.show(undone, () => printUndone(out, undone));
  return exitCode.done;
}

/** The rows of one act in a schema of their own. Its undo stays. */
async function putBeside(invocation: Invocation, api: Api, what: UndoWhat, toSchema: string): Promise<ExitCode> {
  const { out } = invocation;
  if (invocation.flag('overConflicts'))
    throw misused('what is put beside overwrites nothing', 'leave --over-conflicts or --to-schema out');
  const [image, ...more] = what.image === undefined ? (await planOf(api, what)).images : [{ image: what.image }];
  if (image === undefined || more.length > 0)
    throw misused('one act at a time is put beside', 'name it by its id or its entry: holdpoint undo list');
  const at = `${path(image.image)}?${new URLSearchParams({ toSchema }).toString()}`;
  if (!out.json) printPlan(out, await api.get<UndoPlan>(at, looking));
  const done = await api.post<Undone>(path(image.image), { toSchema });
  const [made] = done.images;
  out.show({ beside: done.undone, schema: toSchema, images: done.images }, () =>
    out.line(
      ['good', 'put beside'],
      ` in schema ${toSchema}; ${done.undone} can still be undone`,
      made === undefined ? '' : `; to drop these tables again: holdpoint undo ${made} --over-conflicts`,
    ),
  );
  return exitCode.done;
}

async function undoEach(invocation: Invocation, api: Api, plan: UndoRunPlan): Promise<ExitCode> {
  const { out } = invocation;
  const done: Undone[] = [];
  for (const { image } of plan.images) {
    try {
      const undone = await putBack(invocation, api, image);
      done.push(undone);
      if (!out.json) printUndone(out, undone);
    } catch (cause) {
      if (!(cause instanceof Complaint)) throw cause;
      return stopped(out, plan, done, cause);
    }
  }
  out.show({ undone: done, unsecured: plan.unsecured }, () => {
    out.line(['good', `all ${done.length} undone`]);
    printUnsecured(out, plan);
  });
  return exitCode.done;
}

/** Exactly how far it came. */
function stopped(out: Output, plan: UndoRunPlan, done: readonly Undone[], cause: Complaint): ExitCode {
  const { message, hint, exit, facts, lines } = cause;
  const at = plan.images[done.length];
  const left = plan.images.slice(done.length + 1);
  // Whether a line that broke was the end of it nobody here can say.
  const isUnknown = facts['code'] === undefined || facts['code'] === 'HOLDPOINT_OUTCOME_UNKNOWN';
  out.show(
    {
      undone: done,
      stopped: { image: at?.image, isUnknown, detail: message, hint, exit, ...facts },
      notUndone: left.map((one) => one.image),
      unsecured: plan.unsecured,
    },
    () => {
      out.line(['danger', isUnknown ? 'STOPPED, perhaps after it was undone, at' : 'STOPPED at'], ` ${said(at)}`);
      out.line(`  ${message}`);
      for (const line of lines) out.line(`  ${line}`);
      for (const one of left) out.line(['warning', 'not undone'], ` ${said(one)}`);
      out.line(['strong', `${done.length} of ${plan.images.length} undone`], `; what is undone stays undone`);
      printUnsecured(out, plan);
      out.note(`hint: ${hint}`);
      out.note('  when that is settled, the same command goes on with the rest');
    },
  );
  return exit === exitCode.done ? exitCode.failed : exit;
}

async function putBack(invocation: Invocation, api: Api, image: string): Promise<Undone> {
  return api.post<Undone>(path(image), { overConflicts: invocation.flag('overConflicts') });
}

function wanted(invocation: Invocation): UndoWhat {
  const what = undoWhat(invocation);
  if (what !== undefined) return what;
  throw misused('what should be undone?', 'list it: holdpoint undo list; then: holdpoint undo <entry|hold|agent|id>');
}

export async function planOf(api: Api, what: UndoWhat): Promise<UndoRunPlan> {
  return api.get<UndoRunPlan>(`/v1/undo-plan?${what.query}`, looking);
}

function printPlan(out: Output, plan: UndoPlan): void {
  out.line(['strong', `${plan.image} undoes ${plan.operations.join(', ')}`]);
  printSteps(out, plan, []);
}

function printRun(out: Output, plan: UndoRunPlan): void {
  const count = plan.images.length;
  out.line(['strong', `${count} ${count === 1 ? 'act' : 'acts, newest first'}:`]);
  for (const one of plan.images) {
    out.line(['strong', said(one)]);
    if (one.refused === undefined) printSteps(out, one, one.unless);
    else out.line(['danger', `  cannot be undone: ${one.refused}`]);
  }
  printUnsecured(out, plan);
  const stop = plan.images.find(
    (one) => one.refused !== undefined || (one.conflicts.length > 0 && one.unless.length === 0),
  );
  if (stop !== undefined)
    out.line(
      ['warning', `it stops at ${stop.image}`],
      stop.refused === undefined ? ' unless --over-conflicts is given' : '',
    );
}

function printSteps(out: Output, plan: UndoPlan, unless: readonly string[]): void {
  for (const step of plan.steps) out.line(`  would run ${step}`);
  if (plan.steps.length === 0) out.line('  nothing is left to put back');
  const doubt = unless.length === 0 ? 'conflict' : 'conflict, unless a newer one of these acts made it';
  for (const text of plan.conflicts) out.line(['warning', `  ${doubt}: ${text}`]);
  for (const text of plan.notUndone) out.line(['danger', `  does not come back: ${text}`]);
}

function printUnsecured(out: Output, { unsecured, isUnsecuredWhole }: UndoRunPlan): void {
  for (const one of unsecured)
    out.line(
      ['danger', 'stays'],
      ` ${one.operations.join(', ')} of ${one.principal} at ${one.at} (entry ${one.entry}): nothing was secured for it`,
    );
  if (!isUnsecuredWhole) out.line(['warning', 'older acts were not looked through for such as have no undo']);
}

function printUndone(out: Output, { undone, steps, images }: Undone): void {
  const back = images.length === 0 ? '' : `; to take this undo back: holdpoint undo ${images.join(', then ')}`;
  out.line(['good', 'undone'], ` ${undone} in ${steps} ${steps === 1 ? 'step' : 'steps'}${back}`);
}

/** `im_… postgres:delete of cursor in staging at 2026-…` */
export function said(one: UndoRunStep | undefined): string {
  if (one === undefined) return '';
  const undoes = one.undoes === undefined ? '' : ` (the undo of ${one.undoes})`;
  return `${one.image} ${one.operations.join(', ')}${undoes} of ${one.principal} in ${one.environments.join(' and ')} at ${one.securedAt}`;
}

function path(id: string): string {
  return `/v1/undo/${encodeURIComponent(id)}`;
}
