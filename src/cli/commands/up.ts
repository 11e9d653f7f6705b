import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Api } from '../api/api.ts';
import type { Signer as EnrolledSigner, Status } from '../../contract/api.ts';
import type { Route } from '../../features/doctor/routes.ts';
import { misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { refuseStranger, type Invocation, type Run } from '../invocation.ts';
import { dataDirectories, placesIn, readRunning, type Places } from '../places.ts';
import { startDaemon } from '../daemon/start.ts';
import { answers } from '../daemon/alive.ts';
import { enrolFirst, ownName } from './signers.ts';
import { printNotCovered, printRoutes, routesOf, tierPiece } from './status.ts';
import { slug } from '../signing/signer.ts';
import type { Output } from '../terminal/output.ts';
import { hasTerminal } from '../terminal/prompt.ts';

/** Starts the daemon, prints where it is and what it does not cover, and makes the first signer. */
export const up: Run = async (invocation) => {
  const { out } = invocation;
  const { places, tier } = chosen(invocation);
  const running = readRunning(places);
  if (running !== undefined && (await answers(running.api))) {
    out.note(`the daemon runs already (pid ${running.pid}); nothing was changed`);
    if (tier !== 'T0' && (statSync(`/proc/${running.pid}`, { throwIfNoEntry: false })?.uid ?? 1) === 0)
      out.note(['danger', 'it runs as root, as older versions did'], ': holdpoint down && sudo holdpoint up');
    const found = await lookAround(invocation, places, running.api);
    const { signers } = found;
    out.show({ ...running, signers: signers.length, started: false }, () => printUp(invocation, found, places));
    const code = signers.length === 0 ? codeLeftBy(places) : undefined;
    if (code !== undefined) await firstSigner(invocation, places, code, found);
    else if (signers.length === 0) {
      printFreshCode(invocation);
      // Somebody who asked for a signer and has none was not served, though the daemon runs.
      if (wantsSigner(invocation)) return exitCode.failed;
    }
    return exitCode.done;
  }
  const foreground = invocation.flag('foreground');
  const apart = tier === 'T0' ? undefined : (await import('../daemon/apart.ts')).setApart(invocation, places);
  for (const line of apart?.made ?? []) out.note(['good', 'made'], ` ${line}`);
  for (const line of apart?.missing ?? []) out.note(['warning', `  ${line}`]);
  out.note(['faint', `starting the daemon, data in ${places.data} …`]);
  const started = await startDaemon({
    places,
    tier,
    apiPort: port(invocation, 'apiPort', 7777),
    httpPort: port(invocation, 'httpPort', 7780),
    postgresPort: port(invocation, 'postgresPort', 7432),
    deleteDelayMs: invocation.text('deleteDelay') === undefined ? undefined : invocation.duration('deleteDelay', 0),
    foreground,
    ...(apart === undefined ? {} : { apart }),
    waiting: (seconds) => out.note(['faint', `still starting after ${seconds} s …`]),
  });
  const found = await lookAround(invocation, places, started.running.api);
  const shown = {
    ...started.running,
    data: places.data,
    signers: found.signers.length,
    started: true,
    made: apart?.made ?? [],
  };
  out.show(shown, () => printUp(invocation, found, places));
  await firstSigner(invocation, places, started.enrolmentCode, found);
  return foreground ? ((await started.ended()) as ExitCode) : exitCode.done;
};

/** Where, and what may be claimed of it. */
function chosen(invocation: Invocation): { readonly places: Places; readonly tier: string } {
  const sameUser = invocation.flag('sameUser');
  const named = invocation.text('data') ?? invocation.env['HOLDPOINT_DATA'];
  const { service, own } = dataDirectories(invocation.env);
  if (sameUser) return { places: placesIn(named ?? own), tier: 'T0' };
  if (process.platform !== 'linux')
    throw misused(
      'tiers above T0 are for Linux',
      'try it with `holdpoint up --same-user`, or run the daemon on another host',
    );
  if (!invocation.isRoot) {
    throw misused(
      `the daemon would run as \`${userInfo().username}\`, as the agents do, and they could read the vault`,
      'for tier T1 run `sudo holdpoint up`; for a seat belt alone (T0) run `holdpoint up --same-user`',
    );
  }
  return { places: placesIn(named ?? service), tier: 'T1' };
}

function port(invocation: Invocation, option: string, otherwise: number): number {
  const text = invocation.text(option);
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw misused(`\`${text}\` is no port`, 'give a number up to 65535; 0 takes any that is free');
}

interface Found {
  readonly api: Api;
  readonly status: Status;
  readonly signers: readonly EnrolledSigner[];
  readonly routes: readonly Route[];
}

async function lookAround(invocation: Invocation, places: Places, address: string): Promise<Found> {
  refuseStranger(places, address);
  const api = new Api(address, readFileSync(places.humanToken, 'utf8').trim());
  const [status, { signers }] = await Promise.all([
    api.get<Status>('/v1/status'),
    api.get<{ signers: readonly EnrolledSigner[] }>('/v1/signers'),
  ]);
  return { api, status, signers, routes: await routesOf(invocation, status) };
}

function printUp(invocation: Invocation, { status, routes }: Found, places: Places): void {
  const { out } = invocation;
  out.line(
    `  agents: http ${status.addresses.http}  postgres ${status.addresses.postgres}    people: ${status.addresses.api}    `,
    tierPiece(status),
  );
  out.line(['faint', `  data: ${places.data}`]);
  if (status.startedTier !== 'T0') {
    const agent = status.agent?.name ?? '<os user>';
    out.line(`  agents run as ${agent}: sudo holdpoint exec <agent> -- <command>`);
    if (status.proof === undefined) out.line('  prove the tier: sudo holdpoint doctor --attack');
  }
  for (const { name, unfit } of status.upstreams) if (unfit !== undefined) out.line(['danger', `  ${name}: ${unfit}`]);
  printNotCovered(out, status.notCovered);
  printRoutes(out, routes);
}

/** Once somebody can sign: what brings the first agent to work. */
function printNext(out: Output, { status }: Pick<Found, 'status'>): void {
  if (status.environments.length > 0) return;
  const sudo = status.startedTier === 'T0' ? '' : 'sudo ';
  out.note(`next, for a database: ${sudo}holdpoint connect postgres://<administrator>@<host>/<database> --env <name>`);
  out.note(`      for Railway: ${sudo}holdpoint env discover --token-stdin < token, then ${sudo}holdpoint apply`);
}

/** One that a service manager started left its code in a file of its own; undefined where there is none. */
function codeLeftBy(places: Places): string | undefined {
  try {
    const told = JSON.parse(readFileSync(places.started, 'utf8')) as { readonly enrolmentCode?: unknown };
    return typeof told.enrolmentCode === 'string' ? told.enrolmentCode : undefined;
  } catch {
    return undefined;
  }
}

/** The one-time code is told once, to whoever started the daemon; each start makes another. */
function printFreshCode(invocation: Invocation): void {
  const data = invocation.text('data');
  const place = data === undefined ? '' : ` --data ${data}`;
  const same = invocation.flag('sameUser') ? ' --same-user' : '';
  invocation.out.note(['strong', 'nobody can sign yet.'], ' For a fresh one-time code start it again:');
  const sudo = invocation.flag('sameUser') ? '' : 'sudo ';
  invocation.out.note(`  ${sudo}holdpoint down${place} && ${sudo}holdpoint up${same}${place}`);
}

const canAsk = (): boolean => process.stdin.isTTY && hasTerminal();

function passphraseGiven(invocation: Invocation): boolean {
  return invocation.text('passphraseFd') !== undefined || invocation.text('passphraseFile') !== undefined;
}

/** Whether `up` would have made the first signer, had it the code. */
function wantsSigner(invocation: Invocation): boolean {
  if (passphraseGiven(invocation) || invocation.text('signer') !== undefined) return true;
  return canAsk() && !invocation.flag('skipSigner');
}

/** Where nobody can sign yet and somebody can be asked; else the code and what to do with it are printed. */
async function firstSigner(
  invocation: Invocation,
  places: Places,
  code: string | undefined,
  found: Found,
): Promise<void> {
  const { out } = invocation;
  if (found.signers.length > 0) return printNext(out, found);
  if (code === undefined) return;
  const named = invocation.text('signer');
  const given = passphraseGiven(invocation);
  const printCode = (): void => {
    out.note(['strong', 'nobody can sign yet.'], ' Make the first signer with this one-time code:');
    const sudo = found.status.startedTier === 'T0' ? '' : 'sudo ';
    out.note(`  ${sudo}holdpoint signer add ${named ?? ownName(invocation)} --code ${code} --data ${places.data}`);
    printNext(out, found);
  };
  if (!given && (!canAsk() || invocation.flag('skipSigner'))) return printCode();
  const name = slug(named ?? ownName(invocation));
  if (!given) out.note(`nobody can sign yet: this makes the first signer, ${name} (another name: --signer)`);
  const { signer, path } = await enrolFirst(invocation, found.api, name, code, places).catch((thrown: unknown) => {
    // The daemon goes on, and nobody else was told the code.
    printCode();
    throw thrown;
  });
  out.note(['good', 'enrolled'], ` ${signer.name} (${signer.id}); key: ${path}, sealed under the passphrase`);
  out.note('  keep a copy of it elsewhere: nobody can make it again');
  printNext(out, found);
}
