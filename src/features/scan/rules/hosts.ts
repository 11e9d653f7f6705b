import type { CredentialKind } from '../finding.ts';

/** Hosts that documentation uses, and words that stand for one (RFC 2606, RFC 6761, and habit). */
const shown =
  /^(?:.*\.)?(?:example|test|invalid)(?:\.\w+){0,2}$|^(?:.*\.)?(?:company|mycompany|yourcompany|your-?domain|mydomain|domain)\.(?:com|org|net|io)$|^(?:domain|yourdomain|mydomain|mysite|foo|bar|baz|host|hostname|server|somehost|some-host|myhost|your-?host|dbhost|db-host|my-?server|mycompany|website|site|address|ip|url|endpoint|a|b|c|x|y)(?:\.(?:com|org|net|io|dev|local|tld|co|ca))?$/i;

const local = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|.*\.localhost)$/i;

/** Hosts of database providers: whatever the password is, a database stands there. */
const providers: readonly (readonly [RegExp, string])[] = [
  [/\.(?:rlwy\.net|railway\.app|railway\.internal)$/i, 'Railway'],
  [/\.neon\.(?:tech|build)$/i, 'Neon'],
  [/\.supabase\.(?:co|com|net)$/i, 'Supabase'],
  [/\.(?:rds|redshift|docdb|cache)\.amazonaws\.com$/i, 'AWS'],
  [/\.amazonaws\.com$/i, 'AWS'],
  [/\.render\.com$/i, 'Render'],
  [/\.ondigitalocean\.com$/i, 'DigitalOcean'],
  [
    /\.(?:postgres|mysql|database|redis\.cache|documents|mongo\.cosmos)\.(?:database\.)?azure\.com$|\.windows\.net$/i,
    'Azure',
  ],
  [/\.aivencloud\.com$/i, 'Aiven'],
  [/\.cockroachlabs\.cloud$/i, 'Cockroach'],
  [/\.psdb\.cloud$/i, 'PlanetScale'],
  [/\.mongodb\.net$/i, 'MongoDB Atlas'],
  [/\.upstash\.io$/i, 'Upstash'],
  [/\.(?:fly\.dev|flycast|internal)$/i, 'Fly.io or a private network'],
  [
    /\.(?:timescale\.com|tsdb\.cloud\.timescale\.com|crunchybridge\.com|prisma\.io|prisma-data\.net)$/i,
    'a database provider',
  ],
];

export function isShownHost(host: string): boolean {
  return shown.test(host) || /[<>{}$%*]/.test(host);
}

export function isLocalHost(host: string): boolean {
  return local.test(host);
}

/** Whose host it is; undefined where nobody known stands behind it. */
export function hostedBy(host: string): string | undefined {
  return providers.find(([pattern]) => pattern.test(host))?.[1];
}

/** What the scheme of an address opens. */
export function kindOfScheme(scheme: string): CredentialKind {
  if (/^(?:postgres|postgresql|cockroachdb|timescaledb|redshift)/.test(scheme)) return 'postgres';
  if (/^(?:mysql|mariadb)/.test(scheme)) return 'mysql';
  if (scheme.startsWith('mongodb')) return 'mongodb';
  return /^(?:redis|rediss|valkey)/.test(scheme) ? 'redis' : 'url-password';
}
