import { holdPath } from './holds.ts';
import type { BriefHold } from '../../contract/api.ts';
import { exitCode, exitOfState } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import type { Output } from '../terminal/output.ts';

interface Ran {
  readonly hold: BriefHold;
  readonly answer: { readonly protocol: string; readonly content: unknown };
}

/** Sends the frozen Plan of an approved hold, and shows what came back. */
export const run: Run = async (invocation) => {
  const { out } = invocation;
  const ran = await invocation.api().post<Ran>(holdPath(invocation.needed(0), 'run'));
  out.show(ran, () => {
    out.line(['strong', ran.hold.code], ` is ${ran.hold.state}`);
    printAnswer(out, ran.answer);
  });
  return ran.hold.state === 'done' ? exitCode.done : exitOfState(ran.hold.state);
};

function printAnswer(out: Output, answer: Ran['answer']): void {
  const { status, body } = (answer.content ?? {}) as { readonly status?: unknown; readonly body?: unknown };
  if (answer.protocol !== 'http' || typeof body !== 'string') {
    out.line(JSON.stringify(answer.content));
    return;
  }
  out.line(['faint', `the far side answered ${String(status)}:`]);
  for (const line of Buffer.from(body, 'base64url').toString('utf8').split('\n')) out.line(`  ${line}`);
}
