import type { AskedCredential } from './asked-credential.ts';
import { type Answer, type Line, type Route } from '../contract/upstream.ts';
import type { Message } from '../model/plan.ts';
import { Refused } from '../model/refusal.ts';
import type { PostgresUpstream } from '../upstream/postgres/postgres-upstream.ts';
import { SignInRefused } from '../upstream/postgres/sign-in.ts';
import { openLeases } from '../upstream/run/leases.ts';
import { OpenedCredential } from '../upstream/vault/opened-credential.ts';

/** A database's address taken apart: where, without any credential, and who. */
export interface FoundDatabase {
  /** `postgres://host:5432/name?sslmode=verify-full`, the ways to reach it, the safest first. */
  readonly addresses: readonly string[];
  /** `user:password`, both percent-encoded. */
  readonly secret: string;
}

/**
 * What a postgres:// address with a credential says; undefined for what is none, or leads nowhere. In the clear it is
 * tried only where its own sslmode would have allowed that, and the dialler lets that through to private addresses alone.
 */
export function databaseIn(text: string): FoundDatabase | undefined {
  const url = URL.parse(text.trim().replace(/^postgres(?:ql)?(?:\+\w+)?:/i, 'postgres:'));
  if (url === null || url.protocol !== 'postgres:' || url.hostname === '' || url.username === '') return undefined;
  const database = url.pathname.length > 1 ? url.pathname : `/${url.username}`;
  const mode = url.searchParams.get('sslmode');
  const at = `postgres://${url.host}${database}?sslmode=`;
  const plain = mode === null || ['disable', 'allow', 'prefer'].includes(mode);
  return {
    addresses: [...(mode === 'disable' ? [] : [`${at}verify-full`]), ...(plain ? [`${at}disable`] : [])],
    secret: `${url.username}:${url.password}`,
  };
}

/** Where to ask about a database credential: at the address that a human signed or said, else at the one that it holds itself. */
export function waysTo({ secret, route }: AskedCredential): FoundDatabase & { readonly allowPrivate: boolean } {
  const found = databaseIn(secret);
  if (route !== undefined)
    return { addresses: [route.address], secret: found?.secret ?? secret, allowPrivate: route.allowPrivate };
  if (found === undefined)
    throw new Refused({
      code: 'UNAVAILABLE',
      detail: 'the address of its database is not known',
      hint: 'name the upstream in holdpoint.yaml and apply that, or give the whole postgres:// address',
    });
  // It goes to the host that it was written beside, and to no other.
  return { ...found, allowPrivate: true };
}

/** A line that takes look-ups alone. One on which every answer is the server's refusal, where it does not take the credential. */
export async function dialDatabase(
  upstream: PostgresUpstream,
  asked: AskedCredential,
  kind: string,
): Promise<Pick<Line, 'send' | 'close'>> {
  const { addresses, secret, allowPrivate } = waysTo(asked);
  let last: unknown;
  for (const address of addresses) {
    const route: Route = {
      // Shown where it cannot be reached.
      name: URL.parse(address)?.host ?? 'the database',
      address,
      allowPrivate,
      ...(asked.route?.ca === undefined ? {} : { ca: asked.route.ca }),
    };
    try {
      return await lookupLine(upstream, route, new OpenedCredential(kind, secret));
    } catch (thrown) {
      const said = refusedSignIn(thrown);
      if (said !== undefined && said.startsWith('28') && !said.startsWith('28000')) return refusing(said);
      // Whether it speaks TLS is the one thing that the next way could answer otherwise.
      last = thrown;
      if (said !== undefined && !said.startsWith('28000')) break;
    }
  }
  throw last;
}

async function lookupLine(
  upstream: PostgresUpstream,
  route: Route,
  credential: OpenedCredential,
): Promise<Pick<Line, 'send' | 'close'>> {
  const leases = openLeases({ upstreams: [upstream], routes: () => route, vault: { open: async () => credential } });
  const lease = await leases.open(route.name);
  return {
    send: (message: Message) => lease.send(message, leases.mint(lease, [message], 'lookup', lease.id)),
    close: () => lease.release(),
  };
}

/** SQLSTATE with which the server refused the sign-in. */
function refusedSignIn(thrown: unknown): string | undefined {
  const cause = thrown instanceof Refused ? thrown.cause : undefined;
  return cause instanceof SignInRefused ? cause.code : undefined;
}

function refusing(code: string): Pick<Line, 'send' | 'close'> {
  const answer: Answer = {
    protocol: 'postgres',
    content: { tag: '', rows: [], error: { code, message: 'the server does not take this credential' } },
  };
  return { send: async () => answer, close: async () => undefined };
}
