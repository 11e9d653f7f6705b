import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountOf, TierRig, type Doctored } from './rig.ts';

/** An address of this machine that stands for a provider's. */
const far = '127.77.0.1';

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

/**
 * Runs in a network namespace of its own (`unshare --net`): before and behind a rule of the kernel's that keeps the agent's
 * user from the provider. Writes both reports of `doctor --attack` to stdout.
 */
async function main(): Promise<void> {
  ip('link', 'set', 'lo', 'up');
  const provider = createServer((_, answer) => answer.end('here')).listen(0, far);
  await new Promise((resolve) => provider.once('listening', resolve));
  const address = provider.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const rig = new TierRig();
  try {
    const up = await rig.up();
    if (up.code !== 0) throw new Error(up.stderr);
    const yaml = join(rig.human, 'holdpoint.yaml');
    writeFileSync(
      yaml,
      `version: 1
environments:
  production: { production: true, railway: [11111111-aaaa-4bbb-8ccc-222222222222] }
upstreams:
  railway: { provider: railway, environment: production, credential: vault:railway, address: "http://${far}:${port}", private: true }
`,
    );
    const applied = await rig.sign(['apply', '--file', yaml]);
    if (applied.code !== 0) throw new Error(applied.stderr);
    const open: Doctored = await rig.attack();
    const uid = String(accountOf(rig.agent)?.uid);
    // Local addresses are looked up before any rule of ours could speak: that look-up moves behind it.
    ip('rule', 'add', 'pref', '10', 'lookup', 'local');
    ip('rule', 'del', 'pref', '0');
    ip('rule', 'add', 'pref', '5', 'uidrange', `${uid}-${uid}`, 'to', '127.77.0.0/16', 'prohibit');
    const walled: Doctored = await rig.attack();
    const status = await rig.status();
    provider.close();
    const down: Doctored = await rig.attack();
    process.stdout.write(JSON.stringify({ open, walled, down, status }));
  } finally {
    provider.close();
    await rig.close();
  }
}

await main();
