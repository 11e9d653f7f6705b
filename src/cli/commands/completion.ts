import { completionFor, shells } from '../completion.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import type { Chapter } from '../tree/spec.ts';

export function completionOf(tree: readonly Chapter[]): Run {
  return async (invocation) => {
    const shell = shells.find((one) => one === invocation.needed(0));
    if (shell === undefined)
      throw misused(`\`${invocation.needed(0)}\` is no shell known here`, `known: ${shells.join(', ')}`);
    await invocation.out.raw(completionFor(shell, tree));
    return exitCode.done;
  };
}
