import { chmod, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openDaemon } from './compose.ts';
import { providers } from './providers.ts';
import { checkRuntime } from './runtime.ts';

/** Entry of the daemon's own process. Started by `holdpoint up`; prints one JSON line when its doors are open. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'api-port': { type: 'string', default: '7777' },
      'http-port': { type: 'string', default: '7780' },
      tier: { type: 'string', default: 'T0' },
      'delete-delay-ms': { type: 'string' },
    },
  });
  if (values.data === undefined) throw new Error('--data is missing');
  checkRuntime(process);
  process.umask(0o077);
  const delay = values['delete-delay-ms'];
  const daemon = await openDaemon({
    data: values.data,
    host: values.host,
    apiPort: Number(values['api-port']),
    httpPort: Number(values['http-port']),
    tier: values.tier,
    ...(delay === undefined ? {} : { holds: { delayMs: Number(delay) } }),
  });
  const running = {
    pid: process.pid,
    ...daemon.addresses,
    tier: values.tier,
    bundle: daemon.places.bundle,
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
  process.stdout.write(`${JSON.stringify({ ...running, enrolmentCode: daemon.enrolmentCode })}\n`);
}

main().catch((cause: unknown) => {
  process.stderr.write(
    `holdpoint: the daemon did not start: ${cause instanceof Error ? cause.message : String(cause)}\n`,
  );
  process.exit(6);
});
