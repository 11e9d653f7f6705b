import { join } from 'node:path';
import { peek } from './peek.ts';
import type { Look } from './route.ts';

interface Client {
  readonly name: string;
  /** Below a home. */
  readonly file: string;
  /** What the file says once somebody is logged in. */
  readonly sign: RegExp;
  readonly logout: string;
}

/** Programs that keep a login in the home, and what their files say then. */
const clients: readonly Client[] = [
  {
    name: 'railway',
    file: '.railway/config.json',
    sign: /"(token|accessToken)"\s*:\s*"[^"]+"/,
    logout: 'railway logout',
  },
  {
    name: 'vercel',
    file: '.local/share/com.vercel.cli/auth.json',
    sign: /"token"\s*:\s*"[^"]+"/,
    logout: 'vercel logout',
  },
  { name: 'fly', file: '.fly/config.yml', sign: /^access_token:\s*\S/m, logout: 'fly auth logout' },
  { name: 'heroku', file: '.netrc', sign: /machine\s+api\.heroku\.com\b/, logout: 'heroku logout' },
  { name: 'gh', file: '.config/gh/hosts.yml', sign: /^\s*(oauth_token|user):\s*\S/m, logout: 'gh auth logout' },
  {
    name: 'git',
    file: '.git-credentials',
    sign: /^https?:\/\/[^:@\s]+:[^@\s]+@/m,
    logout: 'git credential reject, and remove the file',
  },
  { name: 'npm', file: '.npmrc', sign: /_authToken\s*=\s*\S/, logout: 'npm logout' },
  { name: 'supabase', file: '.supabase/access-token', sign: /\S/, logout: 'supabase logout' },
  { name: 'netlify', file: '.config/netlify/config.json', sign: /"token"\s*:\s*"[^"]+"/, logout: 'netlify logout' },
  {
    name: 'wrangler',
    file: '.config/.wrangler/config/default.toml',
    sign: /^oauth_token\s*=/m,
    logout: 'wrangler logout',
  },
  { name: 'doctl', file: '.config/doctl/config.yaml', sign: /^access-token:\s*\S/m, logout: 'doctl auth remove' },
  { name: 'render', file: '.render/cli.yaml', sign: /key:\s*\S/, logout: 'render logout' },
  {
    name: 'neonctl',
    file: '.config/neonctl/credentials.json',
    sign: /"access_token"/,
    logout: 'neonctl logout, or remove the file',
  },
  {
    name: 'kubectl',
    file: '.kube/config',
    sign: /^\s*(token|client-key-data|client-key):\s*\S/m,
    logout: 'kubectl config delete-user <user>',
  },
  { name: 'docker', file: '.docker/config.json', sign: /"auth"\s*:\s*"[^"]+"/, logout: 'docker logout' },
  {
    name: 'gcloud',
    file: '.config/gcloud/application_default_credentials.json',
    sign: /"(refresh_token|private_key)"/,
    logout: 'gcloud auth application-default revoke',
  },
  { name: 'terraform', file: '.terraform.d/credentials.tfrc.json', sign: /"token"/, logout: 'terraform logout' },
];

export const loggedIn: Look = ({ homes }) =>
  homes.flatMap((home) =>
    clients.flatMap(({ name, file, sign, logout }) => {
      const where = join(home, file);
      if (!sign.test(peek(where) ?? '')) return [];
      return [
        {
          kind: 'logged-in' as const,
          where,
          what: `${name} is logged in: whoever can read this acts as that person`,
          certainty: 'found' as const,
          closes: `${logout}, then work through holdpoint exec`,
        },
      ];
    }),
  );
