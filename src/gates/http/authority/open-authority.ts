import type { Clock } from '../../../contract/clock.ts';
import { type Authority, AuthorityStale, loadAuthority, makeAuthority } from './authority.ts';

/** Why an authority was made: there was none, its hosts changed, or the one before was about to expire. */
export type MadeFor = 'first' | 'hosts' | 'expiry';

/** Where the authority lies between two starts. */
export interface AuthorityKeep {
  /** PEM of certificate and key, as `write` was given it; undefined when there is none yet. */
  read(): Promise<string | undefined>;
  /** Resolves when it is durable. The text holds the key: a secret. */
  write(pems: string, made: { readonly authority: Authority; readonly reason: MadeFor }): Promise<void>;
}

/**
 * The authority of this installation: the one that is kept, or a new one where that no longer serves. Clients have to be
 * given the bundle of a new one. Throws for a kept text that is damaged: whoever could damage it could replace it.
 */
export async function openAuthority(given: {
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly keep: AuthorityKeep;
}): Promise<Authority> {
  const kept = await given.keep.read();
  const found = kept === undefined ? 'first' : await load(kept, given);
  if (typeof found !== 'string') return found;
  const authority = await makeAuthority(given);
  const { certificate, key } = authority.serialise();
  await given.keep.write(certificate + key, { authority, reason: found });
  return authority;
}

/** The kept authority, or why it no longer serves. */
async function load(
  text: string,
  given: { readonly hosts: readonly string[]; readonly clock: Clock },
): Promise<Authority | Exclude<MadeFor, 'first'>> {
  const split = text.indexOf('-----BEGIN PRIVATE KEY-----');
  if (split === -1) throw new Error('the kept certificate authority has no key');
  try {
    return await loadAuthority({ ...given, certificate: text.slice(0, split), key: text.slice(split) });
  } catch (thrown) {
    if (thrown instanceof AuthorityStale) return thrown.reason;
    throw thrown;
  }
}
