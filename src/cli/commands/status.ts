import type { Status } from '../../contract/api.ts';
import { tierWords } from '../../model/page.ts';
import type { Route } from '../../features/doctor/routes.ts';
import { exitCode } from '../exit-code.ts';
import { lookUpUser } from '../exec/os-user.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { Output } from '../terminal/output.ts';

export const status: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<Status>('/v1/status');
  const routes = await routesOf(invocation, found);
  out.show({ ...found, routes }, () => {
    printStatus(out, found);
    printRoutes(out, routes);
  });
  if (!found.journal.healthy) return exitCode.unavailable;
  return found.frozen ? exitCode.frozen : exitCode.done;
};

/** The daemon may not look into homes; whoever asks may look into their own, and root into that of the agent too. */
export async function routesOf(invocation: Invocation, found: Status): Promise<readonly Route[]> {
  const { uncoveredRoutes } = await import('../../features/doctor/routes.ts');
  const { HOME, SUDO_USER } = invocation.env;
  const names = [found.agent?.name, SUDO_USER].filter((name) => name !== undefined);
  const homes = [HOME, ...names.map((name) => lookUpUser(name)?.home)].filter((home) => home !== undefined);
  return uncoveredRoutes({ homes: [...new Set(homes)], projects: [process.cwd()] });
}

export function printRoutes(out: Output, routes: readonly Route[]): void {
  for (const { where, what, certainty, closes } of routes) {
    out.line(['warning', `  not covered: ${what}${certainty === 'assumed' ? ' (assumed)' : ''}`]);
    out.line(['faint', `      ${where}; close it: ${closes}`]);
  }
}

/** What is in force, what waits, and what no gate covers. */
export function printStatus(out: Output, found: Status): void {
  const { addresses, journal, holds } = found;
  out.line(
    `  agents: http ${addresses.http}  postgres ${addresses.postgres}    people: ${addresses.api}    `,
    tierPiece(found),
  );
  if (found.frozen)
    out.line(['danger', '  FROZEN: all agent writes are stopped; `holdpoint thaw` lets them run again']);
  for (const name of found.frozenAgents)
    out.line(['danger', `  FROZEN: ${name}; \`holdpoint thaw --agent ${name}\` lets it run again`]);
  if (!journal.healthy)
    out.line(['danger', '  the journal cannot be written: everything is refused; look at the disk']);
  if (found.clock.suspicious)
    out.line([
      'danger',
      '  the clock stepped forward: nothing fires on time alone until a human signs `holdpoint clock confirm`',
    ]);
  out.line(
    `  journal: ${journal.entries} entries    holds: `,
    [holds.waiting > 0 ? 'warning' : 'plain', `${holds.waiting} waiting`],
    `, ${holds.scheduled} scheduled`,
  );
  for (const one of found.environments) {
    out.line(
      `  environment ${one.name}: ${one.production ? 'production' : one.disposable ? 'disposable' : 'not production'}`,
    );
  }
  for (const one of found.upstreams) {
    const flag = one.flag === undefined ? '' : `: ${one.flag}`;
    out.line([one.flag === undefined ? 'plain' : 'warning', `  upstream ${one.name} (${one.environment})${flag}`]);
    if (one.unfit !== undefined) out.line(['danger', `    ${one.unfit}`]);
  }
  if (found.environments.length === 0)
    out.line('  nothing is configured yet: write holdpoint.yaml, then `holdpoint apply`');
  for (const text of found.notices ?? []) out.line(['warning', `  to do: ${text}`]);
  printNotCovered(out, found.notCovered);
}

export function printNotCovered(out: Output, notCovered: readonly string[]): void {
  for (const text of notCovered) out.line(['warning', `  not covered: ${text}`]);
}

/** A tier never stands alone: it says when it was proved, or that nobody tried. */
export function tierPiece(
  found: Pick<Status, 'tier' | 'startedTier' | 'proof'>,
): readonly ['warning' | 'good', string] {
  const { tier, startedTier, proof } = found;
  const started = tier === startedTier || startedTier === undefined ? '' : ` (started as ${startedTier})`;
  return [tier === 'T0' ? 'warning' : 'good', `${tierWords(tier, proof?.at)}${started}`];
}
