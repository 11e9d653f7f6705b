/** Refuses to hold credentials in a process that another user of this account could open with a debugger. */
export function checkRuntime(process: {
  readonly execArgv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
}): void {
  const inspecting = process.execArgv.find((flag) => flag.startsWith('--inspect') || flag.startsWith('--debug'));
  if (inspecting !== undefined)
    throw new Error(`node was started with \`${inspecting}\`: the daemon does not run under an inspector`);
  if ((process.env['NODE_OPTIONS'] ?? '').trim() !== '')
    throw new Error('NODE_OPTIONS is set: the daemon runs only with the flags that it was started with');
  if (!process.execArgv.includes('--disable-sigusr1'))
    throw new Error('node was started without --disable-sigusr1: a signal could open the inspector');
}

/** Whatever is claimed above T0 rests on an account of its own; root is nobody's own. */
export function checkAccount(tier: string, uid: number | undefined): void {
  if (tier === 'T0' || uid !== 0) return;
  throw new Error(
    `the daemon does not run as root at tier ${tier}: \`sudo holdpoint up\` starts it as a user of its own`,
  );
}

/** Flags that the daemon's node is started with. */
export const daemonFlags: readonly string[] = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];
