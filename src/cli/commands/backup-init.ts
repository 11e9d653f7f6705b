import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { needed } from './backup-store.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { DestructionAttempt, StorePlace } from '../../contract/backup.ts';

interface Probed {
  readonly store: string;
  readonly place: StorePlace;
  readonly attempts: readonly DestructionAttempt[];
  readonly holds: boolean;
}

/** Tries every store, and only if each refused everything makes the keys and prints what belongs into holdpoint.yaml. */
export const init: Run = async (invocation) => {
  const { out } = invocation;
  const name = invocation.needed(0);
  const stores = needed(invocation, 'stores').split(',');
  const probed = await invocation.api().post<{ stores: readonly Probed[] }>('/v1/backups/probe', { stores });
  const holds = probed.stores.every((one) => one.holds);
  if (!out.json) for (const one of probed.stores) printProbed(invocation, one);
  if (!holds) {
    out.show({ probed: probed.stores }, () => out.line(['danger', 'this is no backup'], ': no keys were made'));
    return exitCode.failed;
  }
  const { newBackupKeys } = await import('../../daemon/backup/offline.ts');
  const { recovery, drill, runner } = newBackupKeys();
  const folder = resolve(needed(invocation, 'keys'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = { mode: 0o600, flag: 'wx' } as const;
  writeFileSync(join(folder, `${name}-drill.identity`), `${drill.identity}\n`, own);
  writeFileSync(join(folder, `${name}-runner.pem`), runner.pem, own);
  const lines = [
    'backups:',
    `  ${name}:`,
    `    source: ${name}-backup`,
    `    stores: [${stores.join(', ')}]`,
    `    recovery: ${recovery.recipient}`,
    `    drill: ${drill.recipient}`,
    `    runner: ${runner.publicKey}`,
  ];
  out.show({ probed: probed.stores, recovery: recovery.identity, config: lines.join('\n'), keys: folder }, () => {
    out.line('');
    out.line('The recovery key. It opens every copy, is shown this once and kept nowhere: write it on paper.');
    out.line(['danger', `  ${recovery.identity}`]);
    out.line(`The drill runner's keys are in ${folder}: move them to the machine or account that rehearses.`);
    out.line('Into holdpoint.yaml, and then `holdpoint apply`:');
    for (const line of lines) out.line(`  ${line}`);
  });
  return exitCode.done;
};

function printProbed({ out }: Invocation, { store, place, attempts, holds }: Probed): void {
  out.line([holds ? 'good' : 'danger', `store ${store}`], ` (${place.kind} at ${place.host})`);
  for (const one of attempts)
    out.line(
      [one.refused ? 'plain' : 'danger', `  ${one.refused ? 'refused' : 'NOT REFUSED'}`],
      `  ${one.what}: ${one.said}`,
    );
}
