// Credentials made up at run time in their providers' forms, and the places in which people leave them: no literal here is
// one, so that nobody's scanner stumbles over this file.

/** A generator of numbers below 1, the same for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const alphabets = {
  hex: '0123456789abcdef',
  lower: '0123456789abcdefghijklmnopqrstuvwxyz',
  mixed: `${letters}0123456789`,
  base64: `${letters}0123456789+/`,
  url: `${letters}0123456789_-`,
  upper32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
} as const;

export class Maker {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  text(alphabet: keyof typeof alphabets, length: number): string {
    const from = alphabets[alphabet];
    return Array.from({ length }, () => from.charAt(Math.floor(this.#random() * from.length))).join('');
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }

  uuid(): string {
    const hex = (length: number): string => this.text('hex', length);
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${this.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
  }

  /** GitHub's and npm's tokens end in the CRC-32 of what stands before, in base 62. */
  checked(prefix: string, length: number): string {
    const body = this.text('mixed', length);
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let rest = crc32(body);
    let sum = '';
    for (let at = 0; at < 6; at++) {
      sum = digits.charAt(rest % 62) + sum;
      rest = Math.floor(rest / 62);
    }
    return `${prefix}${body}${sum}`;
  }

  jwt(claims: object): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${this.text('url', 43)}`;
  }

  pem(): string {
    const lines = Array.from({ length: 12 }, () => this.text('base64', 64));
    return ['-----BEGIN', ' PRIVATE KEY-----\n', lines.join('\n'), '\n-----END', ' PRIVATE KEY-----'].join('');
  }
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export interface Made {
  readonly kind: string;
  /** The name that it has in an environment. */
  readonly name: string;
  make(maker: Maker): string;
}

/** Kinds of research/secrets.md, each with its forms. */
export const made: readonly Made[] = [
  { kind: 'railway', name: 'RAILWAY_TOKEN', make: (m) => m.uuid() },
  { kind: 'railway', name: 'RAILWAY_API_TOKEN', make: (m) => m.uuid() },
  {
    kind: 'postgres',
    name: 'DATABASE_URL',
    make: (m) =>
      `postgresql://postgres:${m.text('mixed', 32)}@${m.pick(['containers-us-west-12.railway.app:5432', 'monorail.proxy.rlwy.net:31337', 'ep-cool-1234.eu-central-1.aws.neon.tech', 'db.internal.tools:5432', '10.0.3.7:5432'])}/railway`,
  },
  {
    kind: 'postgres',
    name: 'POSTGRES_URL',
    make: (m) =>
      `postgres://app_${m.text('lower', 4)}:${m.text('url', 18)}@db-${m.text('lower', 6)}.us-east-1.rds.amazonaws.com:5432/app?sslmode=require`,
  },
  {
    kind: 'mysql',
    name: 'MYSQL_URL',
    make: (m) => `mysql://root:${m.text('mixed', 24)}@mysql.railway.internal:3306/railway`,
  },
  {
    kind: 'redis',
    name: 'REDIS_URL',
    make: (m) => `redis://default:${m.text('mixed', 24)}@redis.railway.internal:6379`,
  },
  {
    kind: 'mongodb',
    name: 'MONGO_URL',
    make: (m) => `mongodb+srv://admin:${m.text('mixed', 20)}@cluster0.${m.text('lower', 5)}.mongodb.net/app`,
  },
  { kind: 'aws', name: 'AWS_ACCESS_KEY_ID', make: (m) => `AKIA${m.text('upper32', 16)}` },
  { kind: 'aws', name: 'AWS_SECRET_ACCESS_KEY', make: (m) => m.text('base64', 40) },
  { kind: 'github', name: 'GITHUB_TOKEN', make: (m) => m.checked('ghp_', 30) },
  { kind: 'github', name: 'GH_TOKEN', make: (m) => m.checked('gho_', 30) },
  { kind: 'github', name: 'GITHUB_PAT', make: (m) => `github_pat_${m.text('mixed', 22)}_${m.text('mixed', 59)}` },
  { kind: 'gitlab', name: 'GITLAB_TOKEN', make: (m) => `glpat-${m.text('url', 20)}` },
  { kind: 'stripe', name: 'STRIPE_SECRET_KEY', make: (m) => `sk_live_${m.text('mixed', 99)}` },
  { kind: 'stripe', name: 'STRIPE_RESTRICTED_KEY', make: (m) => `rk_live_${m.text('mixed', 24)}` },
  { kind: 'stripe', name: 'STRIPE_ORG_KEY', make: (m) => `sk_org_live_${m.text('mixed', 64)}` },
  { kind: 'cloudflare', name: 'CLOUDFLARE_API_TOKEN', make: (m) => m.text('url', 40) },
  { kind: 'cloudflare', name: 'CF_API_TOKEN', make: (m) => `cfut_${m.text('mixed', 48)}` },
  { kind: 'vercel', name: 'VERCEL_TOKEN', make: (m) => m.text('mixed', 24) },
  { kind: 'vercel', name: 'VERCEL_ACCESS', make: (m) => `vcp_${m.text('mixed', 56)}` },
  {
    kind: 'supabase',
    name: 'SUPABASE_SERVICE_ROLE_KEY',
    make: (m) =>
      m.jwt({
        iss: 'supabase',
        ref: m.text('lower', 20),
        role: 'service_role',
        iat: 1_700_000_000,
        exp: 2_015_000_000,
      }),
  },
  { kind: 'supabase', name: 'SUPABASE_SECRET', make: (m) => `sb_secret_${m.text('url', 31)}` },
  { kind: 'supabase', name: 'SUPABASE_ACCESS_TOKEN', make: (m) => `sbp_${m.text('hex', 40)}` },
  { kind: 'neon', name: 'NEON_API_KEY', make: (m) => `napi_${m.text('lower', 64)}` },
  { kind: 'digitalocean', name: 'DIGITALOCEAN_TOKEN', make: (m) => `dop_v1_${m.text('hex', 64)}` },
  { kind: 'fly', name: 'FLY_API_TOKEN', make: (m) => `fm2_${m.text('base64', 180)}` },
  { kind: 'fly', name: 'FLY_ACCESS_TOKEN', make: (m) => `fo1_${m.text('url', 43)}` },
  { kind: 'render', name: 'RENDER_API_KEY', make: (m) => `rnd_${m.text('mixed', 32)}` },
  { kind: 'heroku', name: 'HEROKU_API_KEY', make: (m) => m.uuid() },
  { kind: 'netlify', name: 'NETLIFY_AUTH_TOKEN', make: (m) => `nfp_${m.text('mixed', 36)}` },
  { kind: 'planetscale', name: 'PLANETSCALE_SERVICE_TOKEN', make: (m) => `pscale_tkn_${m.text('url', 43)}` },
  { kind: 'sentry', name: 'SENTRY_AUTH_TOKEN', make: (m) => m.text('hex', 64) },
  { kind: 'sentry', name: 'SENTRY_TOKEN', make: (m) => `sntryu_${m.text('hex', 64)}` },
  { kind: 'npm', name: 'NPM_TOKEN', make: (m) => m.checked('npm_', 30) },
  { kind: 'docker', name: 'DOCKER_PAT', make: (m) => `dckr_pat_${m.text('url', 27)}` },
  {
    kind: 'slack',
    name: 'SLACK_BOT_TOKEN',
    make: (m) =>
      `xoxb-1${m.text('hex', 11).replaceAll(/[a-f]/g, '7')}-2${m.text('hex', 12).replaceAll(/[a-f]/g, '3')}-${m.text('mixed', 24)}`,
  },
  { kind: 'gcp', name: 'GOOGLE_API_KEY', make: (m) => `AIza${m.text('url', 35)}` },
  { kind: 'private-key', name: 'DEPLOY_KEY', make: (m) => m.pem() },
  {
    kind: 'openai',
    name: 'OPENAI_API_KEY',
    make: (m) => `sk-proj-${m.text('mixed', 74)}T3BlbkFJ${m.text('mixed', 74)}`,
  },
  { kind: 'anthropic', name: 'ANTHROPIC_API_KEY', make: (m) => `sk-ant-api03-${m.text('url', 93)}AA` },
  { kind: 'pulumi', name: 'PULUMI_ACCESS_TOKEN', make: (m) => `pul-${m.text('hex', 40)}` },
  {
    kind: 'terraform',
    name: 'TF_TOKEN_app_terraform_io',
    make: (m) => `${m.text('mixed', 14)}.atlasv1.${m.text('url', 67)}`,
  },
  { kind: 'hashicorp-vault', name: 'VAULT_TOKEN', make: (m) => `hvs.${m.text('mixed', 95)}` },
  { kind: 'sendgrid', name: 'SENDGRID_API_KEY', make: (m) => `SG.${m.text('url', 22)}.${m.text('url', 43)}` },
];

export interface Holder {
  readonly path: string;
  readonly write: (name: string, value: string) => string;
}

const json = (value: string): string => JSON.stringify(value);

/** Places in which people leave a value under a name. */
export const holders: readonly Holder[] = [
  {
    path: '.env',
    write: (name, value) => `PORT=3000\n${name}=${value.includes('\n') ? json(value) : value}\nDEBUG=1\n`,
  },
  { path: '.env.production', write: (name, value) => `${name}=${json(value)} # keep\n` },
  { path: '.envrc', write: (name, value) => `export ${name}='${value}'\n` },
  { path: '.dev.vars', write: (name, value) => `# ${name}=${json(value)}\n` },
  { path: 'config/settings.json', write: (name, value) => `{"app": {"env": {${json(name)}: ${json(value)}}}}\n` },
  {
    path: '.mcp.json',
    write: (name, value) =>
      `{ "mcpServers": { "deploy": { "command": "npx", "env": { ${json(name)}: ${json(value)} } } } }\n`,
  },
  {
    path: '.vscode/settings.json',
    write: (name, value) =>
      `{\n  // terminal\n  "terminal.integrated.env.linux": { ${json(name)}: ${json(value)}, },\n}\n`,
  },
  {
    path: 'docker-compose.yml',
    write: (name, value) =>
      `services:\n  web:\n    image: app\n    environment:\n      - ${json(`${name}=${value}`)}\n`,
  },
  {
    path: 'compose.prod.yml',
    write: (name, value) => `services:\n  web:\n    environment:\n      ${name}: ${json(value)}\n`,
  },
  {
    path: '.github/workflows/deploy.yml',
    write: (name, value) =>
      `jobs:\n  deploy:\n    runs-on: ubuntu-latest\n    env:\n      ${name}: ${json(value)}\n    steps:\n      - run: ./deploy\n`,
  },
  { path: 'wrangler.toml', write: (name, value) => `name = "app"\n[vars]\n${name} = ${json(value)}\n` },
  { path: 'app.ini', write: (name, value) => `[deploy]\n${name} = ${value.includes('\n') ? json(value) : value}\n` },
  { path: 'prod.tfvars', write: (name, value) => `region = "eu"\n${name} = ${json(value)}\n` },
  { path: 'src/config.ts', write: (name, value) => `export const config = {\n  ${name}: ${json(value)},\n};\n` },
  { path: 'settings.py', write: (name, value) => `import os\n\nVALUE = os.environ.get("${name}", ${json(value)})\n` },
  { path: 'main.go', write: (name, value) => `package main\n\nvar (\n\t${name} = ${json(value)}\n)\n` },
  { path: 'docs/deploy.md', write: (name, value) => `# Deploy\n\nRun it so:\n\n    ${name}="${value}" ./deploy.sh\n` },
  { path: 'scripts/deploy.sh', write: (name, value) => `#!/bin/sh\nset -e\nexport ${name}="${value}"\n./run\n` },
];
