import { secretFor } from './passphrase.ts';
import { misused } from '../complaint.ts';
import type { Invocation } from '../invocation.ts';

/** The address as it was given; its password is asked for where it has none, which keeps it out of the shell's history. */
export async function wholeAddress(invocation: Invocation, given: string): Promise<string> {
  const url = URL.parse(given);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || url.username === '')
    throw misused(
      'this is no postgres:// address with a user',
      'write it so: postgres://postgres@db.internal:5432/app',
    );
  if (url.password !== '') return given;
  const asked = `the password of ${decodeURIComponent(url.username)} (not shown; used once, kept nowhere):`;
  url.password = encodeURIComponent(await secretFor(invocation, asked, { fd: 'password-fd' }));
  return url.href;
}
