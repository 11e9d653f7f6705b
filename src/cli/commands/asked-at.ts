import { misused } from '../complaint.ts';
import type { Invocation } from '../invocation.ts';

/** Where a test wants the question to go: this machine, and nowhere else. */
export function askedAt(invocation: Invocation): string | undefined {
  const origin = invocation.text('askAt');
  if (origin === undefined) return undefined;
  const url = URL.parse(origin);
  const local = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname) && url.origin === origin;
  if (local) return origin;
  throw misused(
    `\`${origin}\` is not on this machine`,
    'a credential is asked about at its provider’s own host, or at a double: --ask-at http://127.0.0.1:<port>',
  );
}
