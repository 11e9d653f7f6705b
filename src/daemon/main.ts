import { readFileSync } from 'node:fs';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openDaemon } from './compose.ts';
import { providers } from './providers.ts';
import { checkAccount, checkRuntime } from './runtime.ts';
import type { AgentUser } from '../contract/api.ts';

/** Entry of the daemon's own process. Started by `holdpoint up`; prints one JSON line when its doors are open. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'api-port': { type: 'string', default: '7777' },
      'http-port': { type: 'string', default: '7780' },
      'postgres-port': { type: 'string', default: '7432' },
      tier: { type: 'string', default: 'T0' },
      'delete-delay-ms': { type: 'string' },
      human: { type: 'string' },
      'agent-user': { type: 'string' },
      'agent-uid': { type: 'string' },
      started: { type: 'string' },
    },
  });
  if (values.data === undefined) throw new Error('--data is missing');
  checkRuntime(process);
  checkAccount(values.tier, process.getuid?.());
  // Caught and dropped: left alone it would end the daemon, and without --disable-sigusr1 open the inspector.
  process.on('SIGUSR1', () => undefined);
  process.umask(0o077);
  const delay = values['delete-delay-ms'];
  const agent = agentOf(values['agent-user'], values['agent-uid']);
  const daemon = await openDaemon({
    data: values.data,
    host: values.host,
    apiPort: Number(values['api-port']),
    httpPort: Number(values['http-port']),
    postgresPort: Number(values['postgres-port']),
    tier: values.tier,
    ...(values.human === undefined ? {} : { human: values.human }),
    ...(agent === undefined ? {} : { agent }),
    ...(delay === undefined ? {} : { holds: { delayMs: Number(delay) } }),
  });
  const running = {
    pid: process.pid,
    ...daemon.addresses,
    tier: values.tier,
    bundle: daemon.places.bundle,
    ...(agent === undefined ? {} : { agent }),
    tokenVariables: providers.flatMap((one) => one.tokenVariables ?? []),
  };
  await writeFile(daemon.places.running, JSON.stringify(running), { mode: 0o644 });
  // Agents read it, whatever the umask that everything else is written under.
  await chmod(daemon.places.running, 0o644);
  let closing = false;
  const stop = (): void => {
    if (closing) return;
    closing = true;
    daemon.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await tell(values.started, JSON.stringify({ ...running, enrolmentCode: daemon.enrolmentCode }));
}

/** On stdout to whoever started it; under a service manager, whose log others read, in a file of this account's alone. */
async function tell(path: string | undefined, line: string): Promise<void> {
  if (path === undefined) {
    process.stdout.write(`${line}\n`);
    return;
  }
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, `${line}\n`, { mode: 0o600, flag: 'wx' });
  await rename(fresh, path);
}

function agentOf(name: string | undefined, uid: string | undefined): AgentUser | undefined {
  if (name === undefined) return undefined;
  const found = uid ?? uidOf(name);
  if (found === undefined || !/^\d{1,10}$/.test(found)) throw new Error(`there is no OS user \`${name}\` for agents`);
  return { name, uid: Number(found) };
}

/** By passwd(5). */
function uidOf(name: string): string | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.find((line) => line.startsWith(`${name}:`))?.split(':')[2];
}

main().catch((cause: unknown) => {
  process.stderr.write(
    `holdpoint: the daemon did not start: ${cause instanceof Error ? cause.message : String(cause)}\n`,
  );
  process.exit(6);
});
