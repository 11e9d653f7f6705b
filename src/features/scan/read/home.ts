import { globSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { FileToRead } from './read-file.ts';

/** Parts of a scan that can be chosen. */
export type Part = 'workspace' | 'home' | 'agents' | 'history' | 'environment';

interface Listed {
  readonly part: Part;
  /** From the home directory; `*` and `**` as in globs. */
  readonly path: string;
  /** Of many, only so many of the newest. */
  readonly newest?: number;
}

const config = (...paths: readonly string[]): readonly Listed[] => paths.map((path) => ({ part: 'home', path }));
const agents = (...paths: readonly string[]): readonly Listed[] => paths.map((path) => ({ part: 'agents', path }));
const transcripts = (...paths: readonly string[]): readonly Listed[] =>
  paths.map((path) => ({ part: 'agents', path, newest: 50 }));
const history = (...paths: readonly string[]): readonly Listed[] => paths.map((path) => ({ part: 'history', path }));

/** Where programs keep credentials in a home directory, on Linux and macOS. */
const catalogue: readonly Listed[] = [
  ...config(
    '.railway/config*.json',
    '.pgpass',
    '.pg_service.conf',
    '.my.cnf',
    '.mylogin.cnf',
    '.mongorc.js',
    '.dbshell',
  ),
  ...config(
    '.aws/credentials',
    '.aws/config',
    '.aws/sso/cache/*.json',
    '.aws/cli/cache/*.json',
    '.boto',
    '.s3cfg',
    '.config/rclone/rclone.conf',
    '.mc/config.json',
  ),
  ...config(
    '.config/gh/hosts.yml',
    '.config/hub',
    '.config/glab-cli/config.yml',
    '.git-credentials',
    '.config/git/credentials',
    '.gitconfig',
    '.config/git/config',
  ),
  ...config(
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.pypirc',
    '.gem/credentials',
    '.cargo/credentials',
    '.cargo/credentials.toml',
    '.config/pip/pip.conf',
    '.m2/settings.xml',
    '.gradle/gradle.properties',
    '.composer/auth.json',
    '.config/composer/auth.json',
  ),
  ...config('.netrc', '_netrc', '.docker/config.json', '.config/containers/auth.json', '.kube/config', '.kube/*.yaml'),
  ...config(
    '.local/share/com.vercel.cli/auth.json',
    'Library/Application Support/com.vercel.cli/auth.json',
    '.vercel/auth.json',
    '.config/neonctl/credentials.json',
    '.supabase/access-token',
  ),
  ...config(
    '.config/.wrangler/config/*.toml',
    '.wrangler/config/*.toml',
    '.cloudflared/*.json',
    '.cloudflared/cert.pem',
    '.fly/config.yml',
    '.config/planetscale/access-token',
    '.config/planetscale/*.yml',
  ),
  ...config(
    '.config/stripe/config.toml',
    '.config/stripe/credentials.json',
    '.config/doctl/config.yaml',
    'Library/Application Support/doctl/config.yaml',
    '.render/cli.yaml',
    '.config/netlify/config.json',
    '.netlify/config.json',
  ),
  ...config(
    '.config/gcloud/application_default_credentials.json',
    '.config/gcloud/legacy_credentials/*/adc.json',
    '.azure/*.json',
    '.config/heroku/*.json',
    '.sentryclirc',
    '.config/configstore/*.json',
    '.config/turso/settings.json',
  ),
  ...config(
    '.terraform.d/credentials.tfrc.json',
    '.terraformrc',
    '.pulumi/credentials.json',
    '.vault-token',
    '.config/op/config',
    '.doppler/.doppler.yaml',
    '.ssh/*',
    '.env',
    '.env.*',
    '.config/*/.env',
    '.secrets',
    '.config/ngrok/ngrok.yml',
  ),
  ...config(
    '.bashrc',
    '.zshrc',
    '.zshenv',
    '.profile',
    '.bash_profile',
    '.zprofile',
    '.bash_aliases',
    '.config/fish/config.fish',
    '.config/fish/fish_variables',
    '.config/environment.d/*.conf',
    '.pam_environment',
  ),
  ...agents(
    '.claude.json',
    '.claude/settings*.json',
    '.claude/.credentials.json',
    '.claude/mcp*.json',
    '.claude/history.jsonl',
    '.config/Claude/claude_desktop_config.json',
    'Library/Application Support/Claude/claude_desktop_config.json',
  ),
  ...agents(
    '.cursor/mcp.json',
    '.cursor/*.json',
    '.config/Cursor/User/settings.json',
    'Library/Application Support/Cursor/User/settings.json',
    '.config/Code/User/mcp.json',
    '.config/Code/User/settings.json',
    'Library/Application Support/Code/User/{mcp,settings}.json',
  ),
  ...agents(
    '.codex/auth.json',
    '.codex/config.toml',
    '.codex/history.jsonl',
    '.gemini/settings.json',
    '.gemini/oauth_creds.json',
    '.gemini/.env',
    '.codeium/windsurf/mcp_config.json',
    '.config/zed/settings.json',
    '.continue/config.*',
    '.aider.conf.yml',
    '.config/goose/*.yaml',
  ),
  ...agents(
    '.config/github-copilot/*.json',
    '.copilot/mcp-config.json',
    '.config/opencode/*.json',
    '.local/share/opencode/auth.json',
    '.config/amp/settings.json',
    '.amazonq/mcp.json',
    '.aws/amazonq/mcp.json',
    '.roo/mcp.json',
    '.cline/*.json',
    '.mcp.json',
  ),
  ...transcripts(
    '.claude/projects/**/*.jsonl',
    '.codex/sessions/**/*.jsonl',
    '.gemini/tmp/**/*.json',
    '.cursor/projects/**/*.{txt,jsonl}',
  ),
  ...history(
    '.bash_history',
    '.zsh_history',
    '.histfile',
    '.sh_history',
    '.local/share/fish/fish_history',
    '.psql_history',
    '.mysql_history',
    '.rediscli_history',
    '.node_repl_history',
    '.python_history',
    '.sqlite_history',
    '.irb_history',
    '.local/state/{bash,zsh,psql}/history',
    '.zsh_sessions/*.history',
    '.config/powershell/PSReadLine/ConsoleHost_history.txt',
    '.local/share/powershell/PSReadLine/ConsoleHost_history.txt',
  ),
];

/** Public halves and lists of hosts beside the keys of SSH. */
const publicFiles = /\.pub$|\/known_hosts(?:\.old)?$|\/authorized_keys$/;

/** The files of the catalogue that are there, of the chosen parts. A link is followed as long as it stays in the home. */
export function listHome(home: string, parts: ReadonlySet<Part>): readonly FileToRead[] {
  const found = new Map<string, FileToRead>();
  const base = realOf(home);
  if (base === undefined) return [];
  for (const one of catalogue) {
    if (!parts.has(one.part)) continue;
    for (const path of matching(home, one)) {
      const real = realOf(path);
      if (real === undefined || !real.startsWith(base + sep) || publicFiles.test(real)) continue;
      const kind = one.part === 'history' ? 'history' : 'config';
      if (!found.has(real)) found.set(real, { path: real, within: relative(base, real), kind });
    }
  }
  return [...found.values()];
}

function matching(home: string, one: Listed): readonly string[] {
  const plain = !/[*{]/.test(one.path);
  const paths = plain ? [join(home, one.path)] : globbed(home, one.path);
  const files = paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true ? [{ path, at: stat.mtimeMs }] : [];
  });
  const kept = one.newest === undefined ? files : files.toSorted((a, b) => b.at - a.at).slice(0, one.newest);
  return kept.map(({ path }) => path);
}

function globbed(home: string, pattern: string): readonly string[] {
  try {
    return globSync(pattern, { cwd: home }).map((path) => join(home, path));
  } catch {
    return [];
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
