import { CommanderError } from 'commander';
import { Complaint } from './complaint.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { Invocation, Words } from './invocation.ts';
import { Output } from './terminal/output.ts';
import { programOf, type Asked } from './tree/program.ts';
import { commandTree } from './tree/tree.ts';

/** Runs one command line; resolves to the program's exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  const json = args.slice(0, dashesIn(args)).includes('--json');
  const out = new Output({ stdout: process.stdout, stderr: process.stderr, json });
  let code: ExitCode = exitCode.done;
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCode.done : exitCode.failed);
  });
  const program = programOf({
    write: (text) => void process.stdout.write(text),
    run: async (asked) => {
      const [run, invocation] = await Promise.all([asked.command.load(commandTree), invocationOf(out, asked, args)]);
      code = await run(invocation);
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (thrown) {
    return complain(out, thrown, args);
  }
}

/** Loaded only now: help and version want nothing of the daemon, so they do not wait for what speaks to it. */
async function invocationOf(out: Output, asked: Asked, args: readonly string[]): Promise<Invocation> {
  const { Invocation } = await import('./invocation.ts');
  const afterDashes = asked.command.program === true ? args.slice(dashesIn(args) + 1) : [];
  // Commander hands over the words on both sides of `--` together; those before it are ours.
  const all = asked.words.flat();
  const words: Words = asked.command.program === true ? all.slice(0, all.length - afterDashes.length) : asked.words;
  return new Invocation({ out, env: process.env, words, options: asked.options, afterDashes });
}

/** Where the command line of another program begins. */
function dashesIn(args: readonly string[]): number {
  const at = args.indexOf('--');
  return at === -1 ? args.length : at;
}

function complain(out: Output, thrown: unknown, args: readonly string[]): ExitCode {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCode.done;
  const complaint = complaintIn(thrown, args);
  if (out.json) {
    const { message, hint, facts, exit } = complaint;
    out.jsonLine({ error: { detail: message, hint, exit, ...facts } });
    return exit;
  }
  out.note(['danger', 'holdpoint'], `: ${complaint.message}`);
  for (const line of complaint.lines) out.note(`  ${line}`);
  out.note(['faint', '  hint: '], complaint.hint);
  return complaint.exit;
}

function complaintIn(thrown: unknown, args: readonly string[]): Complaint {
  if (thrown instanceof Complaint) return thrown;
  if (thrown instanceof CommanderError) {
    const [first = '', ...more] = thrown.message
      .replace(/^error: /, '')
      .replaceAll("'", '`')
      .split('\n');
    const help = thrown.code === 'commander.help';
    const command = commandIn(args.slice(0, dashesIn(args)));
    return new Complaint(
      help ? 'which command?' : first.replace(/\.$/, ''),
      `holdpoint ${command === '' ? '' : `${command} `}--help`,
      {
        exit: exitCode.usage,
        lines: more,
        cause: thrown,
      },
    );
  }
  const what = thrown instanceof Error ? thrown.message.split('\n')[0] : 'something that is no error';
  return new Complaint(`this should not happen: ${what ?? ''}`, 'it is a defect: report it with what you typed', {
    cause: thrown,
  });
}

/** The longest path of the command tree that the words begin with, for pointing at its help. */
function commandIn(args: readonly string[]): string {
  const words = args.filter((one) => !one.startsWith('-'));
  const paths = commandTree.flatMap((chapter) => chapter.commands.map((one) => one.path));
  const two = words.slice(0, 2).join(' ');
  if (paths.includes(two)) return two;
  const [one = ''] = words;
  return paths.some((path) => path === one || path.startsWith(`${one} `)) ? one : '';
}
