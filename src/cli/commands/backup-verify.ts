import { kitFor, wayFrom } from './backup-store.ts';
import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { progressLine } from '../terminal/progress.ts';

/** Reads every object of a store and says each that is damaged, missing, hidden or forged. */
export const verify: Run = async (invocation) => {
  const { out } = invocation;
  const kit = await kitFor(invocation);
  const offline = await import('../../daemon/backup/offline.ts');
  const bar = progressLine(out);
  try {
    const found = await offline.verifyByKit(wayFrom(invocation, kit), (done, of) => bar.tell('objects', done, of));
    bar.end();
    out.show(found, () => {
      for (const { kind, what, why } of found.findings) out.line(['danger', `  ${kind}`], `  ${what}: ${why}`);
      const tone = found.findings.length === 0 ? 'good' : 'danger';
      out.line([tone, `${found.findings.length} found`], ` in ${found.objects} objects, ${found.bytes} bytes`);
    });
    return found.findings.length === 0 ? exitCode.done : exitCode.failed;
  } catch (error) {
    if (error instanceof offline.StoreFailed)
      throw new Complaint(error.message, 'a store is read by a credential that may list: see --help', { cause: error });
    throw error;
  }
};

/** All that is needed without us, on paper or in a file. */
export const recoveryKit: Run = async (invocation) => {
  const { out } = invocation;
  const kit = await kitFor(invocation);
  out.show(kit, () => {
    out.line(`Recovery kit of ${kit.name}`);
    out.line(`  signed by (Ed25519, base64url): ${kit.publicKey}`);
    out.line(`  opened by the key whose public half is: ${kit.recovery}`);
    for (const one of kit.stores)
      out.line(
        `  store ${one.name}: ${one.keeper ?? `${one.s3 ?? ''} bucket ${one.bucket ?? ''} (${one.region ?? ''})`}`,
      );
    out.line(`  newest copy: ${kit.newest?.id ?? 'none'}, to ${kit.newest?.restorableTo ?? 'no moment'}`);
    out.line('  every object is zstd inside age: `age -d -i key object | zstd -d`');
    out.line(`  keep the file: holdpoint recovery-kit ${kit.name} --json > ${kit.name}-kit.json`);
    out.line(
      `  and restore by it: holdpoint restore ${kit.name} --kit ${kit.name}-kit.json --identity key --as folder`,
    );
  });
  return exitCode.done;
};
