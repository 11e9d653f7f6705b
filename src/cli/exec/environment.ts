import { databaseVariables, leadsToAnotherServer, type Database } from './databases.ts';
import { leadsRound, wayOut, type WayOut } from './way-out.ts';

/** What a program is given beside its own environment, to speak to the far side through the gates. */
export interface Route extends WayOut {
  readonly api: string;
  /** Variables in which clients of the providers look for a token: `RAILWAY_TOKEN`. */
  readonly tokenVariables: readonly string[];
  /** `postgres://127.0.0.1:7432`; undefined where no such gate is open. */
  readonly postgres?: string | undefined;
  /** PostgreSQL upstreams that the token reaches. */
  readonly databases?: readonly Database[];
  /** Name of the one that `DATABASE_URL` leads to, where there are several. */
  readonly database?: string | undefined;
}

type Variables = { readonly [name: string]: string | undefined };

/** The child's environment, and by name what was taken out of it. */
export interface ChildEnvironment {
  readonly env: { readonly [name: string]: string };
  /** What looked like a credential. */
  readonly removed: readonly string[];
  /** What led round the gate, and has no value of ours in its place. */
  readonly rerouted: readonly string[];
  /** Of what was to be kept, what has a value of ours all the same. */
  readonly unkept: readonly string[];
  /** The database that `DATABASE_URL` leads to. */
  readonly database: Database | undefined;
}

/**
 * The environment for an agent: without the variables of `credentials` and whatever leads round the gate, the agent token
 * where the real one stood, and the proxy and certificates that lead through the gate. `keep` names what stays all the
 * same; it never stays in place of what is ours.
 */
export function childEnvironment(
  own: Variables,
  route: Route,
  credentials: ReadonlySet<string>,
  keep: readonly string[] = [],
): ChildEnvironment {
  const { env: database, usual } = databaseVariables({
    agent: route.name,
    token: route.token,
    gate: route.postgres,
    databases: route.databases ?? [],
    chosen: route.database,
  });
  const ours: { readonly [name: string]: string } = {
    ...wayOut(route),
    ...database,
    ...Object.fromEntries(route.tokenVariables.map((name) => [name, route.token])),
    HOLDPOINT_TOKEN: route.token,
    HOLDPOINT_URL: route.api,
  };
  const removed: string[] = [];
  const rerouted: string[] = [];
  const env: { [name: string]: string } = {};
  const pairs = gitPairs(credentials, keep);
  for (const [name, value] of Object.entries(own)) {
    // Our own settings are replaced, which is nothing to tell of.
    if (value === undefined || name.startsWith('HOLDPOINT_')) continue;
    if (keep.includes(name)) env[name] = value;
    else if (credentials.has(name) || pairs.test(name)) removed.push(name);
    else if (!leadsRound(name) && !(usual !== undefined && leadsToAnotherServer(name))) env[name] = value;
    else if (ours[name] === undefined) rerouted.push(name);
  }
  return {
    env: { ...env, ...ours },
    removed: removed.sort(),
    rerouted: rerouted.sort(),
    unkept: keep.filter((name) => ours[name] !== undefined || name.startsWith('HOLDPOINT_')),
    database: usual,
  };
}

/** Settings of git by environment are counted pairs (git-config(1)): without one of them git refuses to start. */
function gitPairs(credentials: ReadonlySet<string>, keep: readonly string[]): RegExp {
  const pair = /^GIT_CONFIG_(?:KEY|VALUE)_\d+$/;
  const broken = [...credentials].some((name) => pair.test(name) && !keep.includes(name));
  return broken ? /^GIT_CONFIG_(?:COUNT|(?:KEY|VALUE)_\d+)$/ : /^(?!)/;
}
