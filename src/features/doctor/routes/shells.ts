import { join } from 'node:path';
import { namesIn, peek } from './peek.ts';
import type { Look } from './route.ts';

const closes =
  'move the key out of this home, or give it a passphrase and no agent; allow the hosts only from elsewhere';

/** Keys by which a machine is reached past every gate. */
export const remoteShells: Look = ({ homes }) =>
  homes.flatMap((home) => {
    const folder = join(home, '.ssh');
    return namesIn(folder)
      .filter((name) => !name.endsWith('.pub'))
      .flatMap((name) => {
        const where = join(folder, name);
        const text = peek(where) ?? '';
        if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(text)) return [];
        const what = `an SSH key${isSealed(text) ? ' under a passphrase' : ''}: it opens shells on whatever knows it`;
        return [{ kind: 'ssh' as const, where, what, certainty: 'found' as const, closes }];
      });
  });

/** PEM says so; OpenSSH's own form names its cipher first, and `none` is the one without a passphrase. */
function isSealed(text: string): boolean {
  if (text.includes('ENCRYPTED')) return true;
  const body = /BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1]?.replaceAll(/\s/g, '');
  return body !== undefined && !Buffer.from(body, 'base64').subarray(0, 40).includes('none');
}
