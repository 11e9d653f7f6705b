import { Command, Option } from 'commander';
import { nouns, optionsOf, type CommandSpec } from './spec.ts';
import { commandTree } from './tree.ts';
import type { Words } from '../invocation.ts';
import { holdpointVersion } from '../../contract/version.ts';

/** What a parsed command line asks for. */
export interface Asked {
  readonly command: CommandSpec;
  readonly words: Words;
  readonly options: { readonly [name: string]: unknown };
}

export interface ProgramParts {
  readonly write: (text: string) => void;
  readonly run: (asked: Asked) => Promise<void>;
}

/** The commander program made of the command tree. Throws CommanderError instead of exiting. */
export function programOf(parts: ProgramParts): Command {
  const program = new Command('holdpoint')
    .description('A hold point between AI agents and everything they could destroy.')
    .version(holdpointVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    // What stands behind a command's own command is for that one: `undo` and `undo list` both know --agent.
    .enablePositionalOptions()
    .configureOutput({ writeOut: parts.write, writeErr: () => undefined })
    .showSuggestionAfterError();
  for (const chapter of commandTree) {
    for (const spec of chapter.commands) fill(commandAt(program, spec, chapter.title), spec, parts);
  }
  return program.addHelpText(
    'after',
    `\nExit codes: 0 done, 1 failed, 2 usage, 3 denied, 4 held, 5 frozen, 6 unavailable\n`,
  );
}

/** The command at a path, its noun made first where need be. */
function commandAt(program: Command, spec: CommandSpec, chapter: string): Command {
  const names = spec.path.split(' ');
  const last = names.pop() ?? '';
  let parent = program;
  for (const name of names) {
    parent = parent.commands.find((one) => one.name() === name) ?? nounAt(parent, name, chapter);
  }
  const made = parent.command(last);
  return names.length === 0 ? made.helpGroup(chapter) : made;
}

/** A noun, which only leads to its verbs: its help shows an example of each. */
function nounAt(parent: Command, name: string, chapter: string): Command {
  const verbs = commandTree.flatMap((one) => one.commands).filter((one) => one.path.startsWith(`${name} `));
  const noun = parent
    .command(name)
    .description(nouns[name] ?? '')
    .helpGroup(chapter);
  return noun.addHelpText('after', examplesText(verbs.flatMap((one) => one.examples.slice(0, 1))));
}

function examplesText(examples: CommandSpec['examples']): string {
  const lines = examples.map(([line, what]) => `  $ ${line}${what === '' ? '' : `   # ${what}`}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}

function fill(command: Command, spec: CommandSpec, parts: ProgramParts): void {
  command.description(spec.what).enablePositionalOptions();
  for (const word of spec.words ?? []) command.argument(word);
  if (spec.program === true) command.argument('[program...]').usage('[agent] [options] -- <program> [arguments]');
  for (const option of optionsOf(spec)) {
    const made = new Option(option.flags, option.what);
    command.addOption(option.list === true ? made.argParser(collected) : made);
  }
  command.addHelpText('after', examplesText(spec.examples));
  command.action(async (...given: unknown[]) => {
    const words = given.slice(0, -2) as Words;
    await parts.run({ command: spec, words, options: command.optsWithGlobals() });
  });
}

function collected(value: string, before: unknown): readonly string[] {
  const values = value.split(',').filter((one) => one !== '');
  return [...(Array.isArray(before) ? (before as readonly string[]) : []), ...values];
}
