import { exitCode, type ExitCode } from './exit-code.ts';

interface ComplaintMore {
  readonly exit?: ExitCode;
  /** Further lines between the complaint and its hint: places in a file, reasons. */
  readonly lines?: readonly string[];
  /** Members beside `error` in `--json`: the code and the hold of a refusal. */
  readonly facts?: { readonly [name: string]: unknown };
  readonly cause?: unknown;
}

/** What the person at the terminal is told when something cannot be done: what, one hint, and where to look. */
export class Complaint extends Error {
  readonly hint: string;
  readonly exit: ExitCode;
  readonly lines: readonly string[];
  readonly facts: { readonly [name: string]: unknown };

  /** `text` and `hint` in lower case, without a full stop; what the user gave in backticks. */
  constructor(text: string, hint: string, more: ComplaintMore = {}) {
    super(text, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Complaint';
    this.hint = hint;
    this.exit = more.exit ?? exitCode.failed;
    this.lines = more.lines ?? [];
    this.facts = more.facts ?? {};
  }
}

/** The command was not given as it has to be. */
export function misused(text: string, hint: string): Complaint {
  return new Complaint(text, hint, { exit: exitCode.usage });
}
