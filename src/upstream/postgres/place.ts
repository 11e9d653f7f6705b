import { refuse } from '../../model/refusal.ts';

/** Where a PostgreSQL entry goes: `postgres://host:5432/database?sslmode=verify-full`. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Encrypted and verified, or plain: only to private addresses, and only where the address says so. */
  readonly encrypted: boolean;
  /** A pooler stands there, and lends a server's session for as long as ours lasts: a human says so. */
  readonly pooled: boolean;
}

/** Who signs in there. */
export interface SignIn {
  readonly user: string;
  readonly password: string;
}

/** Throws `Refused` (`UNAVAILABLE`) for an address that leads nowhere, or asks for less than a verified line. */
export function placeOf(address: string): Place {
  const url = URL.parse(address);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol) || url.hostname === '')
    throw refuse('UNAVAILABLE', 'the address is no postgres:// address', 'a human mends it in holdpoint.yaml');
  if (url.username !== '' || url.password !== '')
    throw refuse('UNAVAILABLE', 'the address holds a credential', 'it belongs into the vault: holdpoint vault add');
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === '')
    throw refuse('UNAVAILABLE', 'the address names no database', 'add its name: postgres://host/name');
  const mode = url.searchParams.get('sslmode') ?? 'verify-full';
  if (mode !== 'verify-full' && mode !== 'disable')
    throw refuse(
      'UNAVAILABLE',
      `sslmode \`${mode}\` is not one of ours`,
      'use verify-full, or disable on a private net',
    );
  const pool = url.searchParams.get('pool_mode');
  if (pool !== null && pool !== 'session')
    throw refuse(
      'UNAVAILABLE',
      `pool_mode \`${pool}\` cannot be worked with`,
      'a transaction has to stay on one session: let the pooler use session mode',
    );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    encrypted: mode === 'verify-full',
    pooled: pool === 'session',
  };
}

/** Out of a vault entry's secret, `user:password`, both percent-encoded. Throws `Refused` (`UNAVAILABLE`). */
export function signInOf(secret: string): SignIn {
  const at = secret.indexOf(':');
  const user = at < 0 ? '' : decoded(secret.slice(0, at));
  if (user === '')
    throw refuse(
      'UNAVAILABLE',
      'the vault entry is not `user:password`',
      'a human stores it again: holdpoint vault add',
    );
  return { user, password: decoded(secret.slice(at + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
