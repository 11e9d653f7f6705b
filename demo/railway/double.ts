import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { GraphQLSchema } from 'graphql';
import { mutationNames, readyOperation, type ReadyOperation } from './arguments.ts';
import { railwaySchema } from './execute.ts';
import type { FaultOrder } from './faults.ts';
import { DoubleLog, type LogEntry } from './log.ts';
import { PostgresVolumes, type PostgresSettings } from './postgres-volumes.ts';
import { seedPocketOs } from './seed.ts';
import type { EnvironmentName, Ids, Seeded, Tokens } from './seeded.ts';
import { Server, type TlsFiles } from './server.ts';
import type { Kept, State } from './state.ts';
import { FolderVolumes } from './volumes.ts';
import { World } from './world.ts';

export interface DoubleOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly tls?: TlsFiles;
  /** Where volumes live, removed at the end: `volumes` in this folder, or in an own temporary one when absent. */
  readonly dataDir?: string;
  /** Real PostgreSQL 18 on `pg-data`: in production only with `true`. */
  readonly postgres?: boolean | PostgresSettings;
  /** One JSON line for each log entry, appended before the double goes on. */
  readonly logFile?: string;
  /** Ids and tokens follow from it; the same in each run by default. */
  readonly seed?: string;
  readonly now?: () => number;
}

export interface Double {
  /** The GraphQL address, `http://127.0.0.1:<port>/graphql/v2`. */
  readonly url: string;
  readonly port: number;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly state: State;
  /** Everything since the start, in order; never shortened. */
  readonly log: readonly LogEntry[];
  readonly schema: GraphQLSchema;
  /** Where `pg-data`'s files of an environment are. */
  volumeFolder(environment: EnvironmentName): string;
  /** The connection string of `pg-data`'s server, null where it is plain files. */
  databaseUrl(environment: EnvironmentName): string | null;
  fail(order: FaultOrder): void;
  /** Back to the seed, with the same ids; faults are forgotten, the log goes on. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** What the double makes in its folder, and removes again. */
const ownFolders = ['volumes', 'postgresql'] as const;

/** Starts the double on loopback. Whoever starts it stops it; the process's end and its signals do so too. */
export async function startDouble(options: DoubleOptions = {}): Promise<Double> {
  const now = options.now ?? Date.now;
  const home = options.dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'railway-double-'));
  fs.mkdirSync(home, { recursive: true });
  for (const own of ownFolders) {
    if (fs.existsSync(path.join(home, own)))
      throw new Error(`\`${path.join(home, own)}\` is there already\nchoose an empty folder`);
  }
  const log = new DoubleLog(options.logFile ?? null, now);
  const world = new World(options.seed ?? 'pocketos', log, now);
  const databases = options.postgres === undefined || options.postgres === false ? null : settingsOf(options.postgres);
  const volumes =
    databases === null ? new FolderVolumes(path.join(home, 'volumes')) : new PostgresVolumes(home, databases);
  world.volumes = volumes;
  const server = new Server(world, railwaySchema(), options.tls ?? null);
  const removeHome = () => {
    if (options.dataDir === undefined) fs.rmSync(home, { recursive: true, force: true });
    else for (const own of ownFolders) fs.rmSync(path.join(home, own), { recursive: true, force: true });
  };
  const undoSignals = onEnd(() => {
    if (volumes instanceof PostgresVolumes) volumes.killAll();
    removeHome();
  });
  try {
    const seeded = await seed(world, volumes);
    const kept = world.state.keep();
    const port = await server.listen(options.port ?? 0);
    const origin = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    log.append({ kind: 'start', detail: origin });
    return assemble({ world, server, volumes, log, seeded, kept, port, origin, undoSignals, removeHome });
  } catch (error) {
    await volumes.clear();
    undoSignals();
    removeHome();
    log.close();
    throw error;
  }
}

interface Parts {
  readonly world: World;
  readonly server: Server;
  readonly volumes: FolderVolumes | PostgresVolumes;
  readonly log: DoubleLog;
  readonly seeded: Seeded;
  readonly kept: Kept;
  readonly port: number;
  readonly origin: string;
  readonly undoSignals: () => void;
  readonly removeHome: () => void;
}

function assemble(parts: Parts): Double {
  const { world, server, volumes, log, seeded } = parts;
  const diskOf = (environment: EnvironmentName) => ({
    volumeId: seeded.ids.volume,
    instanceId: seeded.ids.volumeInstances[environment],
  });
  let isStopped = false;
  return {
    url: `${parts.origin}/graphql/v2`,
    port: parts.port,
    ids: seeded.ids,
    tokens: seeded.tokens,
    state: world.state,
    log: log.entries,
    schema: server.schema,
    volumeFolder: (environment) => volumes.folder(diskOf(environment)),
    databaseUrl: (environment) => (volumes instanceof PostgresVolumes ? volumes.urlOf(diskOf(environment)) : null),
    fail: (order) => {
      server.faults.add(order);
    },
    reset: () =>
      server.alone(async () => {
        server.faults.clear();
        if (volumes instanceof FolderVolumes && !volumes.isTouched) {
          world.state.putBack(parts.kept);
        } else {
          await volumes.clear();
          world.state.clear();
          await seed(world, volumes);
        }
        log.append({ kind: 'reset', detail: 'back to the seed' });
      }),
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      await server.close();
      await volumes.clear();
      log.append({ kind: 'stop', detail: parts.origin });
      log.close();
      parts.undoSignals();
      parts.removeHome();
    },
  };
}

async function seed(world: World, volumes: FolderVolumes | PostgresVolumes): Promise<Seeded> {
  world.quiet = true;
  try {
    if (volumes instanceof PostgresVolumes) await volumes.plan();
    return await seedPocketOs(world, {
      databaseUrl: (environment) =>
        volumes instanceof PostgresVolumes && volumes.serves(environment)
          ? volumes.plannedUrl(environment)
          : `postgresql://postgres:${environment}-secret@postgres.railway.internal:5432/pocketos`,
      fill: async (disk, environment) => {
        if (volumes instanceof PostgresVolumes && volumes.serves(environment)) await volumes.serve(disk, environment);
      },
    });
  } finally {
    world.quiet = false;
    if (volumes instanceof FolderVolumes) volumes.isTouched = false;
  }
}

function settingsOf(given: true | PostgresSettings): PostgresSettings {
  return given === true ? {} : given;
}

/** Runs `clean` when the process ends or is told to; answers how to take that back. */
function onEnd(clean: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals) => {
    clean();
    undo();
    process.kill(process.pid, signal);
  };
  const undo = () => {
    process.off('exit', clean);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.on('exit', clean);
  for (const signal of signals) process.on(signal, onSignal);
  return undo;
}

/**
 * A mutation with valid arguments, aimed at things of one environment where it knows environments at all. For the state of the
 * seed: `reset()` before each, if one call may have taken away what the next one needs.
 */
export function validArguments(
  operationName: string,
  double: Double,
  environmentName: EnvironmentName = 'production',
): ReadyOperation {
  const apiToken = double.state.find('apiTokens', { name: 'ci' });
  const projectToken = double.state.find('projectTokens', { name: `ci ${environmentName}` });
  const account: Record<string, string> = { ...double.ids.account };
  if (operationName === 'apiTokenDelete') account['id'] = apiToken?.id ?? '';
  if (operationName === 'projectTokenDelete') account['id'] = projectToken?.id ?? '';
  const sink = new URL('/webhook-sink', double.url).href;
  const here = double.ids.environment[environmentName];
  return readyOperation(double.schema, operationName, { ids: double.ids, environmentName, here, account, sink });
}

/** The names of all mutations in the schema, for `validArguments`. */
export function allMutations(double: Double): readonly string[] {
  return mutationNames(double.schema);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'data-dir': { type: 'string' },
      'log-file': { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-cert': { type: 'string' },
      postgres: { type: 'boolean', default: false },
    },
  });
  const tls = values['tls-key'] !== undefined && values['tls-cert'] !== undefined;
  const double = await startDouble({
    port: Number(values.port),
    postgres: values.postgres,
    ...(values['data-dir'] === undefined ? {} : { dataDir: values['data-dir'] }),
    ...(values['log-file'] === undefined ? {} : { logFile: values['log-file'] }),
    ...(tls
      ? { tls: { key: fs.readFileSync(values['tls-key'] ?? ''), cert: fs.readFileSync(values['tls-cert'] ?? '') } }
      : {}),
  });
  console.log(double.url);
  const volumeFolder = double.volumeFolder('production');
  console.log(JSON.stringify({ tokens: double.tokens, ids: double.ids, volumeFolder }, null, 2));
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
