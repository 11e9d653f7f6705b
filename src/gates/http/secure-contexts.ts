import { constants } from 'node:crypto';
import { type SecureContext, createSecureContext } from 'node:tls';
import type { Authority, Leaf } from './authority/authority.ts';

/** Under a claimed suffix a client can name any number of hosts. */
const mostKept = 256;

/**
 * TLS contexts by host, made from the authority's leaves and renewed with them. No session tickets: each handshake names
 * its host.
 */
export function secureContexts(authority: Pick<Authority, 'leaf'>): (host: string) => Promise<SecureContext> {
  const made = new Map<string, { readonly leaf: Leaf; readonly context: SecureContext }>();
  return async (host) => {
    const leaf = await authority.leaf(host);
    const kept = made.get(host);
    if (kept?.leaf === leaf) return kept.context;
    const context = createSecureContext({
      cert: leaf.certificate,
      key: leaf.key,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    if (made.size >= mostKept) made.delete(made.keys().next().value ?? host);
    made.set(host, { leaf, context });
    return context;
  };
}
