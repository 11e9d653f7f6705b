/** The road in small: one `mediate()` that does not know whether its plan's steps have run already (a live client) or have not (a replay). */
import { createHash } from 'node:crypto';

/** One provisional message to the server, names empty, so that the same act has the same bytes on every connection. */
export interface Step {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Ordered steps, each of which the transaction can take back, then exactly one effect. */
export interface Plan {
  readonly database: string;
  readonly steps: readonly Step[];
  readonly effect: 'COMMIT';
}

export interface TableCount {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export interface Measured {
  /** Full transaction id; null means that nothing was written and there is no effect to judge. */
  readonly xid: string | null;
  readonly counts: readonly TableCount[];
  /** Hash over counts and sorted before-images; free of ids that differ between two runs. */
  readonly affected: string;
}

/** What must be durable before the effect, so that a broken line can be settled. */
export interface Intent {
  readonly digest: string;
  readonly xid: string;
  readonly system: string;
  readonly timeline: string;
  readonly database: string;
  readonly generation: string;
  readonly pid: number;
}

export type Outcome = 'committed' | 'aborted' | 'unknown';

/** One transaction on one connection. Every method may throw; a throw before `effect` always ends in `takeBack`. */
export interface Lease {
  readonly run: (step: Step) => Promise<void>;
  readonly measure: () => Promise<Measured>;
  readonly intent: (digest: string, xid: string) => Intent;
  /** Resolves when the server has proved the commit; throws `LineBroken` when it can say nothing. */
  readonly effect: () => Promise<void>;
  readonly takeBack: (answer: Answer) => Promise<void>;
}

export class LineBroken extends Error {
  override readonly name = 'LineBroken';
}

export interface HoldView {
  readonly id: string;
  readonly digest: string;
  readonly plan: Plan;
  readonly measured: Measured;
}

/** What the caller is told when nothing took effect; `cause` is the server's own error, if there was one. */
export type Answer =
  | { readonly kind: 'held'; readonly hold: HoldView }
  | { readonly kind: 'failed'; readonly cause: unknown };

export type Settled =
  | { readonly kind: 'done' | 'nothing written' }
  | { readonly kind: 'settled late'; readonly outcome: Outcome }
  | Answer;

export interface Ports {
  readonly judge: (plan: Plan, measured: Measured) => Promise<'allow' | 'hold'>;
  readonly intent: (intent: Intent) => Promise<void>;
  readonly lookup: (intent: Intent) => Promise<Outcome>;
  readonly hold: (plan: Plan, digest: string, measured: Measured) => HoldView;
}

export function digestOf(plan: Plan): string {
  const hash = createHash('sha256').update(JSON.stringify([plan.database, plan.effect, plan.steps.length]));
  for (const step of plan.steps) hash.update(String(step.bytes.length)).update(':').update(step.bytes);
  return hash.digest('hex');
}

export interface Request {
  readonly plan: Plan;
  /** How many steps have run on this lease already: all of them for a live client, none for a replay. */
  readonly ran: number;
  /** The affected set a human signed; absent when nobody has signed yet. */
  readonly approved?: string;
}

export async function mediate(request: Request, lease: Lease, ports: Ports): Promise<Settled> {
  const digest = digestOf(request.plan);
  let measured: Measured;
  try {
    for (const step of request.plan.steps.slice(request.ran)) await lease.run(step);
    measured = await lease.measure();
    if (measured.xid !== null && !(await cleared(request, measured, ports))) {
      const held: Answer = { kind: 'held', hold: ports.hold(request.plan, digest, measured) };
      await lease.takeBack(held);
      return held;
    }
    if (measured.xid !== null) await ports.intent(lease.intent(digest, measured.xid));
  } catch (cause) {
    const failed: Answer = { kind: 'failed', cause };
    await lease.takeBack(failed);
    return failed;
  }
  try {
    await lease.effect();
    return { kind: measured.xid === null ? 'nothing written' : 'done' };
  } catch (cause) {
    if (!(cause instanceof LineBroken)) return { kind: 'failed', cause };
    if (measured.xid === null) return { kind: 'settled late', outcome: 'aborted' };
    return { kind: 'settled late', outcome: await ports.lookup(lease.intent(digest, measured.xid)) };
  }
}

/** A signature covers the affected set that was shown, nothing else: drift is held again. */
async function cleared(request: Request, measured: Measured, ports: Ports): Promise<boolean> {
  if (request.approved !== undefined) return request.approved === measured.affected;
  return (await ports.judge(request.plan, measured)) === 'allow';
}
