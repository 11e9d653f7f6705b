import type { Run } from '../invocation.ts';

/** An option as it is written and what it is for; `list` ones may be given several times, or with commas. */
export interface OptionSpec {
  readonly flags: string;
  readonly what: string;
  readonly list?: boolean;
}

/** One command, as data: help, parsing and completion are all made of this. */
export interface CommandSpec {
  /** `token create` */
  readonly path: string;
  /** `<agent>`, `[text]`: needed and optional words, in order. */
  readonly words?: readonly string[];
  readonly what: string;
  readonly options?: readonly OptionSpec[];
  /** A line to type and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Takes a program and its arguments behind `--`. */
  readonly program?: boolean;
  /** Words that completion offers for the first argument. */
  readonly offers?: readonly string[];
  /** The code is loaded when the command is run: help and version load none of it. */
  readonly load: (tree: readonly Chapter[]) => Promise<Run>;
}

/** Commands under a heading of the help. */
export interface Chapter {
  readonly title: string;
  readonly commands: readonly CommandSpec[];
}

const jsonOption: OptionSpec = { flags: '--json', what: 'one JSON document on stdout instead of lines' };
const dataOption: OptionSpec = {
  flags: '--data <dir>',
  what: 'the data directory (HOLDPOINT_DATA; else $XDG_STATE_HOME/holdpoint or /var/lib/holdpoint)',
};

/** How a signer is named, and how a passphrase is given where nobody sits at a terminal. */
export const signing: readonly OptionSpec[] = [
  { flags: '--signer <name>', what: 'whose key signs, where there are several (HOLDPOINT_SIGNER)' },
  { flags: '--key <file>', what: 'a signer’s key elsewhere than in the data directory' },
  { flags: '--passphrase-fd <number>', what: 'read the passphrase from this file descriptor, not from the terminal' },
  { flags: '--passphrase-file <file>', what: 'read the passphrase from this file (mode 600)' },
];

/** What the nouns with commands of their own are. */
export const nouns: { readonly [name: string]: string } = {
  hold: 'actions that wait for a human',
  token: 'tokens of agents',
  vault: 'the real credentials, which agents never see',
  signer: 'people who can sign',
  backup: 'copies of databases, apart from them',
  env: 'environments',
  policy: 'the rules in force',
  journal: 'the evidence',
  clock: 'the time that schedules and expiries go by',
};

/** The options of a command, with those that every one has. */
export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  return [...(command.options ?? []), dataOption, jsonOption];
}
