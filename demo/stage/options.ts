import { parseArgs } from 'node:util';
import { readSabotage, sabotages, type Sabotage } from './sabotage.ts';

export interface Options {
  /** No pauses between the agent's steps; nothing is left out. */
  readonly fast: boolean;
  /** One line after the other, no colour, no moving progress. */
  readonly plain: boolean;
  /** Leaves the temporary folder where it is. */
  readonly keep: boolean;
  readonly sabotage: ReadonlySet<Sabotage>;
}

export const usage = `usage: npm run demo -- [--fast] [--plain] [--keep]

  --fast    without the pauses of the nine seconds
  --plain   one line after the other, no colour (also under CI and where the output is no terminal)
  --keep    leaves the temporary folder behind

  HOLDPOINT_DEMO_SABOTAGE=<name>[,<name>…] takes guards out, so that their checks are seen to fail:
  ${sabotages.join(', ')}
`;

/** Throws an `Error` with a hint for what it does not know. Undefined when only help was asked for. */
export function readOptions(
  args: readonly string[],
  env: { readonly [name: string]: string | undefined },
  isTerminal: boolean,
): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fast: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const ci = (env['CI'] ?? '') !== '' && env['CI'] !== 'false';
  return {
    fast: values.fast,
    plain: values.plain || ci || !isTerminal || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb',
    keep: values.keep,
    sabotage: readSabotage(env['HOLDPOINT_DEMO_SABOTAGE'] ?? ''),
  };
}
