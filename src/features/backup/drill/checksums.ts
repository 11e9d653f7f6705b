import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Findings } from './findings.ts';
import { environment, type Programs, type ServerAccount } from '../restore/programs.ts';

const ran = promisify(execFile);

/** `pg_checksums --check` over a cluster that was shut down: every page of every file, those that nothing reads included. */
export async function checkSums(
  { folder, libraries }: Programs,
  account: ServerAccount | undefined,
  data: string,
  findings: Findings,
): Promise<void> {
  const program = path.join(folder, 'pg_checksums');
  try {
    await access(program, constants.X_OK);
  } catch {
    findings.note('pg_checksums is not there: pages were checked as they were read, and no others');
    return;
  }
  try {
    await ran(program, ['--check', '-D', data], {
      cwd: data,
      env: environment(libraries),
      timeout: 6 * 3_600_000,
      maxBuffer: 16 * 1024 * 1024,
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    });
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { readonly stdout?: string; readonly stderr?: string };
    const line = `${stderr}\n${stdout}`.split('\n').find((one) => /fail|error|could not/i.test(one)) ?? 'it failed';
    findings.problem(`pg_checksums found damage: ${line}`);
  }
}
