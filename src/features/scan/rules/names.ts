import type { CredentialKind, Certainty } from '../finding.ts';
import type { Document, Named } from '../read/document.ts';
import type { Candidate, Rule, Text } from './candidate.ts';
import { namedInProgram } from '../formats/lines.ts';
import { masked, shownName } from './mask.ts';
import { entropyOf, isPlaceholder, isRandom, isReference } from './placeholder.ts';

/** A kind whose credentials have no form of their own, so that the name has to tell. */
interface NamedKind {
  readonly kind: CredentialKind;
  /** Tested against the whole name in snake case: `mcp_servers.railway.env.railway_api_token`. */
  readonly name: RegExp;
  readonly value: RegExp;
  readonly what: string;
  /** Where the file tells more than the name. */
  readonly file?: RegExp;
  /** Only for values that the file holds in base 64: others are seen as they stand. */
  readonly encoded?: true;
}

const kinds: readonly NamedKind[] = [
  {
    kind: 'postgres',
    name: /url|uri|dsn|connection|database/,
    value: /^postgres(?:ql)?:\/\/[^\s:]+:[^\s@]{6,}@\S+$/,
    what: 'a PostgreSQL address',
    encoded: true,
  },
  { kind: 'railway', name: /railway.*(?:token|key|secret)$/, value: /^[\w.~+/=-]{20,4000}$/, what: 'a Railway token' },
  {
    kind: 'railway',
    name: /token$/,
    file: /\.railway\/config[^/]*\.json$/,
    value: /^[\w.~+/=-]{20,4000}$/,
    what: 'a Railway log-in',
  },
  {
    kind: 'vercel',
    name: /^token$/,
    file: /com\.vercel\.cli\/auth\.json$/,
    value: /^[\w-]{20,}$/,
    what: 'a Vercel log-in',
  },
  {
    kind: 'neon',
    name: /token$/,
    file: /neonctl\/credentials\.json$/,
    value: /^[\w.~+/=-]{20,4000}$/,
    what: 'a Neon log-in',
  },
  {
    kind: 'cloudflare',
    name: /token$/,
    file: /\.wrangler\/config/,
    value: /^[\w.~+/=-]{20,4000}$/,
    what: 'a Cloudflare log-in',
  },
  {
    kind: 'fly',
    name: /token$/,
    file: /\.fly\/config\.yml$/,
    value: /^[\w.,~+/= -]{20,4000}$/,
    what: 'a Fly.io log-in',
  },
  { kind: 'render', name: /key$/, file: /\.render\/cli\.yaml$/, value: /^\S{20,}$/, what: 'a Render log-in' },
  {
    kind: 'digitalocean',
    name: /access_token$/,
    file: /doctl\/config\.yaml$/,
    value: /^\S{40,}$/,
    what: 'a DigitalOcean log-in',
  },
  { kind: 'netlify', name: /token$/, file: /netlify\/config\.json$/, value: /^[\w-]{20,}$/, what: 'a Netlify log-in' },
  {
    kind: 'github',
    name: /oauth_token$|^machine_github\.com/,
    file: /gh\/hosts\.yml$|\.config\/hub$/,
    value: /^\S{20,}$/,
    what: 'a GitHub log-in',
  },
  {
    kind: 'vercel',
    name: /(?:vercel|now)\b.*token|vercel_?(?:api_)?(?:token|key)/,
    value: /^[A-Za-z0-9]{24}$/,
    what: 'a Vercel token',
  },
  {
    kind: 'cloudflare',
    name: /(?:cloudflare|cf|wrangler).*(?:token|key)/,
    value: /^(?:[A-Za-z0-9_-]{40}|[a-f0-9]{37})$/,
    what: 'a Cloudflare token or global key',
  },
  {
    kind: 'heroku',
    name: /heroku.*(?:key|token|secret|password)/,
    value: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    what: 'a Heroku API key',
  },
  { kind: 'fly', name: /fly.*token/, value: /^[A-Za-z0-9_,=+/ .-]{40,4000}$/, what: 'a Fly.io token' },
  { kind: 'render', name: /render.*(?:key|token)/, value: /^rnd_\w{20,}$/, what: 'a Render API key' },
  { kind: 'neon', name: /neon.*(?:key|token)/, value: /^[A-Za-z0-9_.-]{40,2000}$/, what: 'a Neon key' },
  {
    kind: 'supabase',
    name: /supabase.*(?:service|secret|access_token|db_password|jwt_secret)/,
    value: /^\S{12,}$/,
    what: 'a Supabase key',
  },
  { kind: 'sentry', name: /sentry.*(?:auth|token)/, value: /^[a-f0-9]{64}$/, what: 'a Sentry token' },
  { kind: 'netlify', name: /netlify.*(?:token|key)/, value: /^[A-Za-z0-9_-]{40,64}$/, what: 'a Netlify token' },
  {
    kind: 'aws',
    name: /aws.*secret|secret_?access_?key/,
    value: /^[A-Za-z0-9+/]{40}$/,
    what: 'an AWS secret access key',
  },
  { kind: 'aws', name: /aws.*session_token/, value: /^[A-Za-z0-9+/=]{100,}$/, what: 'an AWS session token' },
  {
    kind: 'azure',
    name: /azure.*(?:secret|key|password)|arm_client_secret/,
    value: /^\S{20,100}$/,
    what: 'an Azure secret',
  },
  {
    kind: 'github',
    name: /(?:^|[._])(?:github|gh)_?(?:token|pat|oauth)|github\.com.*oauth_token/,
    value: /^(?:[a-f0-9]{40}|g[hi][a-z]+_\w{20,})$/,
    what: 'a GitHub token',
  },
  {
    kind: 'npm',
    name: /_?auth_?token|npm.*token/,
    value: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    what: 'an old npm token',
  },
  {
    kind: 'docker',
    name: /^auths\..*\.auth$|auths\..*\.(?:password|identitytoken)$/,
    value: /^[A-Za-z0-9+/=_.-]{12,}$/,
    what: 'a log-in to a container registry',
  },
  {
    kind: 'kubernetes',
    name: /client_key_data|users.*(?:token|password)$/,
    value: /^[A-Za-z0-9+/=_.-]{20,}$/,
    what: 'a credential for a Kubernetes cluster',
  },
  {
    kind: 'terraform',
    name: /tf_token_|credentials.*app\.terraform\.io.*token/,
    value: /^\S{20,}$/,
    what: 'a Terraform Cloud token',
  },
  { kind: 'pulumi', name: /pulumi.*(?:access_token|token)/, value: /^\S{20,}$/, what: 'a Pulumi token' },
  {
    kind: 'digitalocean',
    name: /(?:digitalocean|^do|doctl).*(?:token|key|secret)|spaces.*secret/,
    value: /^[A-Za-z0-9+/_-]{40,80}$/,
    what: 'a DigitalOcean token',
  },
  {
    kind: 'planetscale',
    name: /(?:planetscale|pscale).*(?:token|password)/,
    value: /^\S{24,}$/,
    what: 'a PlanetScale credential',
  },
  {
    kind: 'hashicorp-vault',
    name: /vault.*(?:token|secret_id)/,
    value: /^(?:[shb]\.)?\S{20,}$/,
    what: 'a HashiCorp Vault token',
  },
  {
    kind: 'postgres',
    name: /(?:pg|postgres(?:ql)?|supabase_db|database|(?:^|[._])db)_?pass(?:word|wd)?$/,
    value: /^\S{4,}$/,
    what: 'a PostgreSQL password',
  },
  {
    kind: 'mysql',
    name: /(?:mysql|mariadb)_?(?:root_)?(?:pwd|pass(?:word)?)$/,
    value: /^\S{4,}$/,
    what: 'a MySQL password',
  },
  { kind: 'redis', name: /redis_?(?:pass(?:word)?|auth)$/, value: /^\S{6,}$/, what: 'a Redis password' },
  {
    kind: 'slack',
    name: /slack.*(?:token|secret|webhook)/,
    value: /^(?:[a-f0-9]{32}|xox\S+|https:\/\/hooks\.slack\.com\/\S+)$/,
    what: 'a Slack secret',
  },
];

const generic =
  /(?:^|[._-])(?:api_?token|access_?token|auth_?token|refresh_?token|bearer_?token|deploy_?token|token|secret|secret_key|client_secret|signing_secret|private_token|password|passwd|passphrase|pass|pwd|api_?key|access_?key|private_key|master_key|encryption_key|credentials?|_authtoken|_password|_auth)$/;
const password = /(?:password|passwd|passphrase|pass|pwd)$/;

/** Endings that make a name one of something beside the secret. */
const beside =
  /(?:_(?:id|ids|name|file|path|url|uri|host|type|ttl|length|count|expiry|expires|expires_in|expires_at|header|prefix|param|format|env|public|endpoint|hash|limit|version|label|placeholder|hint|description|regex|pattern|policy|field|input|error|message|text|title|arn|ref))$/;

/** `railwayApiToken`, `RAILWAY-API-TOKEN` → `railway_api_token`; dots between parts stay. */
function snake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toLowerCase();
}

function* findNamed({ document, named }: Text): Generator<Candidate> {
  for (const one of document.format === 'text' ? namedInProgram(document.text) : named) {
    if (one.value.length < 4 || one.value.length > 8_000 || one.key === '') continue;
    const key = snake(one.key);
    const path = snake(one.path);
    if (beside.test(key) && !isEncoded(one)) continue;
    const found = byKind(document, one, key, path) ?? byWord(document, one, key);
    if (found !== undefined) yield found;
  }
}

function byKind(document: Document, one: Named, key: string, path: string): Candidate | undefined {
  const { value } = one;
  const kind = kinds.find(
    (each) =>
      (each.encoded !== true || isEncoded(one)) &&
      (each.file === undefined || each.file.test(document.within)) &&
      (each.name.test(key) || each.name.test(path)) &&
      each.value.test(value),
  );
  if (kind === undefined || isNoValue(value)) return undefined;
  const plain = password.test(key);
  if (plain ? !isPasswordMeant(document, value) : !isRandom(value, value.length >= 24 ? 3 : 2.5)) return undefined;
  return candidate(one, kind.kind, `it stands under the name of ${kind.what}`, 'inferred', 2);
}

/** Names that say "secret" and nothing more: only in settings, and only what looks like one. */
function byWord(document: Document, one: Named, key: string): Candidate | undefined {
  const { value } = one;
  if (!generic.test(key) || !isSettingsForWords(document) || isNoValue(value) || /\s/.test(value)) return undefined;
  if (password.test(key)) {
    if (value.length < 6 || !isPasswordMeant(document, value)) return undefined;
  } else if (value.length < 16 || !isRandom(value, 3)) {
    return undefined;
  }
  const why = `it stands under the name \`${shownName(one.key)}\``;
  return candidate(one, 'generic', why, 'assumed', 1);
}

function isSettingsForWords({ format, kind, within }: Document): boolean {
  if (kind !== 'file') return true;
  if (
    /(?:^|[/._-])(?:examples?|samples?|templates?|tests?|__tests__|fixtures?|locales?|i18n|mocks?|schemas?|testdata|snapshots?|spec)(?:[/._-]|$)/i.test(
      within,
    )
  )
    return false;
  return (
    format === 'dotenv' ||
    format === 'ini' ||
    format === 'toml' ||
    format === 'netrc' ||
    format === 'pgpass' ||
    format === 'shell' ||
    format === 'yaml' ||
    format === 'xml' ||
    (format === 'json' &&
      !/(?:package|package-lock|tsconfig.*|composer|.*\.schema|.*-lock)\.json$|\.ipynb$|\.lock$/i.test(within))
  );
}

function isEncoded({ value, start, end }: Named): boolean {
  return value.length !== end - start;
}

/** Paths, switches, code and addresses without a password are no secrets whatever their name says. */
function isNoValue(value: string): boolean {
  return (
    isReference(value) ||
    /^(?:true|false|null|none|undefined|yes|no|on|off|required|optional|string|number|boolean)$/i.test(value) ||
    /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)[\w./\\-]*$/.test(value) ||
    /^[a-z][a-z0-9+.-]*:\/\/[^@]*$/i.test(value) ||
    (/[(){}<>[\]]|=>|\|\||&&|::|^\w+(?:\.\w+)+$/.test(value) && !/[0-9].*[0-9].*[0-9]/.test(value)) ||
    /\$\{|\$\(|\{\{|^\$[A-Za-z_]/.test(value)
  );
}

/** A password may be poor; in a test or in an example it is none. */
function isPasswordMeant(document: Document, value: string): boolean {
  if (/^(?:your|<|xxx|\*{2}|\.\.\.|change)/i.test(value) || /\s/.test(value)) return false;
  if (document.kind !== 'file' || document.format === 'pgpass' || document.format === 'netrc') return true;
  const settings =
    document.format === 'dotenv' ||
    document.format === 'ini' ||
    document.format === 'yaml' ||
    document.format === 'xml' ||
    document.format === 'toml';
  if (settings && !/example|sample|template|test|fixture|spec/i.test(document.within))
    return !/^(?:password|passwd|pass|secret|postgres|root|example)$/i.test(value);
  return (
    !isPlaceholder(value) && value.length >= 8 && entropyOf(value) >= 2.8 && /\d/.test(value) && /[A-Za-z]/.test(value)
  );
}

function candidate(one: Named, kind: CredentialKind, why: string, certainty: Certainty, strength: 1 | 2): Candidate {
  return {
    kind,
    start: one.start,
    end: one.end,
    value: one.value,
    key: one.path,
    masked: masked(one.value),
    why,
    certainty,
    strength,
  };
}

/** Names before values: what the parsers of settings found. */
export const nameRule: Rule = {
  name: 'names of settings',
  // Without one of these no name in a program tells of a kind.
  literals: [
    'vercel',
    'cloudflare',
    'cf_api',
    'wrangler',
    'heroku',
    'fly_a',
    'render_api',
    'neon_',
    'supabase',
    'sentry',
    'netlify',
  ].concat(
    [
      'secret_access',
      'secretaccess',
      'session_token',
      'azure',
      'arm_client',
      'github_',
      'gh_',
      'digitalocean',
      'do_token',
      'planetscale',
    ],
    [
      'pscale',
      'vault_',
      'pgpass',
      'db_pass',
      'dbpass',
      'database_pass',
      'mysql_p',
      'redis_p',
      'slack_',
      'tf_token',
      'pulumi',
      'railway',
    ],
  ),
  always: ({ format }) => format !== 'text',
  find: findNamed,
};
