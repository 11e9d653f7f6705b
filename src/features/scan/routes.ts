import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './finding.ts';

/** A way around every gate. */
export interface Route {
  readonly kind: 'logged-in-cli' | 'push-to-deploy' | 'ssh' | 'database' | 'bucket' | 'containers';
  /** `branch pushes to github.com deploy by railway.json` */
  readonly says: string;
  readonly path: string;
}

/** Settings and transcripts of agents and editors. */
const agentFile =
  /\/(\.?mcp[\w.-]*\.json|claude_desktop_config\.json|\.claude\.json)$|\/\.(claude|cursor|codeium|codex|gemini|windsurf|vscode)\/|\/(\.config|Application Support)\/(claude|zed|goose|code|cursor|vscodium)\//i;

/** Files that say that a push is deployed. */
const deployFiles: readonly string[] = [
  'railway.json',
  'railway.toml',
  'nixpacks.toml',
  'vercel.json',
  '.vercel/project.json',
  'render.yaml',
  'fly.toml',
  'netlify.toml',
  'Procfile',
  'app.json',
  'wrangler.toml',
  'wrangler.jsonc',
];

/** Routes that the findings and the files of a workspace show. */
export function routesIn(findings: readonly Finding[], root: string | undefined): readonly Route[] {
  return [...fromFindings(findings), ...(root === undefined ? [] : pushesFrom(root)), ...containers()];
}

function fromFindings(findings: readonly Finding[]): readonly Route[] {
  const routes = new Map<string, Route>();
  for (const { kind, place } of findings) {
    const route = routeOf(kind, place.path, place.kind);
    if (route !== undefined) routes.set(`${route.kind} ${route.path}`, route);
  }
  return [...routes.values()];
}

function routeOf(kind: Finding['kind'], path: string, place: Finding['place']['kind']): Route | undefined {
  if (kind === 'postgres' || kind === 'mysql' || kind === 'mongodb' || kind === 'redis') {
    return { kind: 'database', says: 'a database is reached directly by its address', path };
  }
  if (kind === 'private-key' && path.includes('/.ssh/'))
    return { kind: 'ssh', says: 'a key of SSH opens other machines', path };
  if (kind === 'aws') return { kind: 'bucket', says: 'a key of AWS speaks to buckets and services directly', path };
  // What an agent's own files hold of others is for its servers, or was said to it: no program is logged in by them.
  if (kind !== 'anthropic' && kind !== 'openai' && agentFile.test(path)) return undefined;
  if (place !== 'config' || kind === 'generic' || kind === 'private-key') return undefined;
  return { kind: 'logged-in-cli', says: `a program is logged in to ${kind}`, path };
}

function pushesFrom(root: string): readonly Route[] {
  const remote = remoteOf(root);
  if (remote === undefined) return [];
  const file = deployFiles.find((name) => existsSync(join(root, name)));
  if (file === undefined) return [];
  return [
    { kind: 'push-to-deploy', says: `a push to ${remote} may deploy: there is \`${file}\``, path: join(root, file) },
  ];
}

function remoteOf(root: string): string | undefined {
  try {
    const text = readFileSync(join(root, '.git', 'config'), 'utf8');
    return /\[remote "[^"]*"\][^[]*?\burl\s*=\s*(?:\w+:\/\/)?(?:[^@\s]*@)?([\w.-]+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/** Whoever may speak to the container engine is root beside it. */
function containers(): readonly Route[] {
  const found: Route[] = [];
  for (const path of ['/var/run/docker.sock', '/run/podman/podman.sock']) {
    try {
      accessSync(path, constants.W_OK);
      found.push({
        kind: 'containers',
        says: 'the socket of the container engine is open to this account',
        path: realpathSync(path),
      });
    } catch {
      // Not there, or not for us.
    }
  }
  return found;
}
