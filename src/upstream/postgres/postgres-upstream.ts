import type { SecureContext } from 'node:tls';
import { NotPinned } from './identity.ts';
import { PostgresLine } from './line.ts';
import { placeOf, signInOf } from './place.ts';
import { requestCancel, signIn, SignInRefused } from './sign-in.ts';
import type { WireClient } from './wire.ts';
import type { SessionClient, SessionWishes } from '../../contract/postgres/session.ts';
import type { Credential, Route, Upstream } from '../../contract/upstream.ts';
import { refuse, Refused } from '../../model/refusal.ts';
import { AddressRefused, type Lookup } from '../dial/resolve.ts';
import { trustedAuthorities } from '../dial/dial.ts';

export interface PostgresUpstream extends Upstream {
  open(route: Route, credential: Credential): Promise<PostgresLine>;
  /** A line whose replies a client sees. Throws `Refused` (`UNAVAILABLE`). */
  openFor(route: Route, credential: Credential, client: SessionClient, wishes: SessionWishes): Promise<PostgresLine>;
  close(): Promise<void>;
}

export interface PostgresUpstreamOptions {
  /** Milliseconds for dialling, and again for the sign-in. */
  readonly timeout?: number;
  readonly lookup?: Lookup;
}

/**
 * Settings that the judging relies on. They stand in the start-up packet, after the client's own, and nothing that is
 * let through can change them.
 */
const pinned: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['default_transaction_read_only', 'on'],
  ['standard_conforming_strings', 'on'],
  ['synchronous_commit', 'on'],
  ['row_security', 'on'],
  ['session_replication_role', 'origin'],
  ['lock_timeout', '10s'],
  ['statement_timeout', '60s'],
  ['idle_in_transaction_session_timeout', '60s'],
]);

/** Setting it, even to its default, takes a right that an agent's role should not have. */
const needsRights: ReadonlySet<string> = new Set(['session_replication_role']);

/** What poolers know themselves and give every client its own of; the rest is set once signed in. */
const poolersTake: ReadonlySet<string> = new Set([
  'client_encoding',
  'standard_conforming_strings',
  'datestyle',
  'timezone',
  'application_name',
]);

class AnotherServer extends Error {
  override readonly name = 'AnotherServer';
}

class PoolerBetween extends Error {
  override readonly name = 'PoolerBetween';
}

/** Nobody watches a line of the road's own. */
const nobody: WireClient = Object.freeze({ take: () => undefined, gone: () => undefined });

/** Speaks PostgreSQL's protocol to routes: one connection a line, never shared, never used again. */
export function postgresUpstream(options: PostgresUpstreamOptions = {}): PostgresUpstream {
  const timeout = options.timeout ?? 10_000;
  const trusts = new Map<string, { readonly ca: string | undefined; readonly trust: SecureContext }>();
  const lines = new Set<PostgresLine>();
  /** Who answered at each address: a failover keeps its `system_identifier`, anything else is another database. */
  const servers = new Map<string, string>();

  function trustOf(route: Route): SecureContext {
    const known = trusts.get(route.name);
    if (known !== undefined && known.ca === route.ca) return known.trust;
    const trust = trustedAuthorities(route.ca);
    trusts.set(route.name, { ca: route.ca, trust });
    return trust;
  }

  async function connected(
    route: Route,
    credential: Credential,
    client: WireClient,
    wished: ReadonlyMap<string, string>,
  ): Promise<PostgresLine> {
    const place = placeOf(route.address);
    const trust = trustOf(route);
    const lookup = options.lookup === undefined ? {} : { lookup: options.lookup };
    const dialling = { allowPrivate: route.allowPrivate, timeout, ...lookup };
    const settings = new Map([...wished, ...[...pinned].filter(([name]) => !needsRights.has(name))]);
    const early = new Map([...settings].filter(([name]) => !place.pooled || poolersTake.has(name)));
    const signedIn = await signIn(place, signInOf(credential.secret), trust, early, dialling);
    const cancel = (): Promise<void> =>
      requestCancel(place, signedIn.pid, signedIn.cancelKey, trust, dialling).catch(() => undefined);
    const line = new PostgresLine(signedIn, { ...client, gone: () => forget(line, client) }, cancel);
    lines.add(line);
    try {
      if (place.pooled) await line.pin(new Map([...settings].filter(([name]) => !poolersTake.has(name))));
      await line.introduce();
      const there = `${line.identity.system}/${line.identity.database}`;
      const before = servers.get(`${route.name} ${route.address}`);
      if (before !== undefined && before !== there) throw new AnotherServer('another server answers there than before');
      servers.set(`${route.name} ${route.address}`, there);
      // A pooler makes up the pid of its cancel keys.
      if (!place.pooled && line.identity.pid !== signedIn.pid) throw new PoolerBetween('a pooler stands between');
      return line;
    } catch (thrown) {
      await line.close();
      throw thrown;
    }
  }

  function forget(line: PostgresLine, client: WireClient): void {
    lines.delete(line);
    client.gone();
  }

  return Object.freeze({
    protocol: 'postgres',
    open: (route: Route, credential: Credential) =>
      explained(route, connected(route, credential, nobody, new Map([['application_name', 'holdpoint']]))),
    openFor: (route: Route, credential: Credential, client: SessionClient, { settings }: SessionWishes) =>
      explained(
        route,
        connected(
          route,
          credential,
          { take: (reply) => client.take(reply), flow: (bytes) => client.flow(bytes), gone: () => client.gone() },
          settings,
        ),
      ),
    close: async () => {
      await Promise.all([...lines].map((line) => line.close()));
    },
  });
}

/** What went wrong while opening, without anything that the far side could have put into it beyond its own message. */
async function explained(route: Route, opening: Promise<PostgresLine>): Promise<PostgresLine> {
  try {
    return await opening;
  } catch (thrown) {
    if (thrown instanceof Refused) throw thrown;
    throw new Refused(refusalFor(route, thrown), { cause: thrown });
  }
}

function refusalFor(route: Route, thrown: unknown): Refused['refusal'] {
  const pooler =
    thrown instanceof PoolerBetween ||
    (thrown instanceof SignInRefused && thrown.message.startsWith('unsupported startup parameter'));
  if (pooler) {
    const hint = 'where it pools by session, a human adds pool_mode=session to the address';
    return refuse('UNAVAILABLE', `a pooler stands before the server of \`${route.name}\``, hint).refusal;
  }
  if (thrown instanceof AnotherServer) {
    const hint = 'a human makes sure that it is meant, and starts holdpoint again';
    return refuse('UNAVAILABLE', `behind \`${route.name}\` ${thrown.message}`, hint).refusal;
  }
  if (thrown instanceof NotPinned) {
    const hint = 'a human looks at the role’s and the database’s own settings (ALTER ROLE … RESET ALL)';
    return refuse('UNAVAILABLE', `behind \`${route.name}\` ${thrown.message}`, hint).refusal;
  }
  const detail =
    thrown instanceof SignInRefused
      ? `the server behind \`${route.name}\` refused the sign-in (${thrown.code})`
      : thrown instanceof AddressRefused
        ? `\`${route.name}\` may not be dialled: ${thrown.message}`
        : `the server behind \`${route.name}\` cannot be reached`;
  return refuse('UNAVAILABLE', detail, 'tell the person you work for; nothing was done').refusal;
}
