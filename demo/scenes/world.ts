import fs from 'node:fs';
import path from 'node:path';
import { serverSettings, countRows, loadPocketOs } from '../pocketos/database.ts';
import { type Counter, openCounter } from '../pocketos/counter.ts';
import { type Double, startDouble } from '../railway/double.ts';
import type { LogEntry } from '../railway/log.ts';
import type { Account, Cast, House } from '../stage/accounts.ts';
import { Program } from '../stage/program.ts';
import type { Options } from '../stage/options.ts';
import type { Place } from '../stage/place.ts';
import type { Stage } from '../stage/stage.ts';

/** Everything that both halves of the story share. */
export interface Setting {
  readonly stage: Stage;
  readonly place: Place;
  readonly cast: Cast;
  readonly house: House;
  readonly options: Options;
}

/** PocketOS as it stands before anything happens: Railway's double, the database on its volume, the counter's page. */
export interface World {
  readonly double: Double;
  readonly counter: Counter;
  readonly databaseUrl: string;
  readonly rows: number;
  /** Folders of the volume's backups in production. */
  backups(): number;
  /** Whether the database's files are there and it answers with this many rows. */
  intact(): Promise<boolean>;
  /** Operations that were executed and changed something or destroyed files, since entry number `from`. */
  effects(from?: number): readonly string[];
  /** Names of what arrived since entry number `from`, refused or not. */
  arrived(from?: number): readonly string[];
}

export async function openWorld(setting: Setting, name: string, progress: (text: string) => void): Promise<World> {
  const { place } = setting;
  progress('a PostgreSQL 18 of its own');
  const double = await startDouble({
    dataDir: place.folder(`double-${name}`),
    logFile: path.join(place.path, `double-${name}.ndjson`),
    postgres: {
      parameters: serverSettings,
      load: async (url) => {
        await loadPocketOs(url, (what) => progress(`loading ${what}`));
        progress('seven backups inside the volume');
      },
    },
  });
  place.atEnd(() => double.stop());
  const databaseUrl = double.databaseUrl('production') ?? '';
  const { all: rows } = await countRows(databaseUrl);
  const counter = await openCounter(databaseUrl);
  place.atEnd(() => counter.close());
  const folder = double.volumeFolder('production');
  return {
    double,
    counter,
    databaseUrl,
    rows,
    backups: () => listed(path.join(folder, 'backups')),
    intact: async () => {
      const now = await countRows(databaseUrl).catch(() => undefined);
      return now?.all === rows && listed(path.join(folder, 'backups')) === 7 && listed(path.join(folder, 'data')) > 0;
    },
    effects: (from = 0) => double.log.slice(from).flatMap(effectOf),
    arrived: (from = 0) =>
      double.log.slice(from).flatMap((entry) => (entry.kind === 'request' ? entry.operations : [])),
  };
}

function effectOf(entry: LogEntry): readonly string[] {
  if (entry.kind === 'destruction') return [`destroyed ${entry.what}`];
  return entry.kind === 'operation' && entry.type === 'mutation' && entry.ok ? [entry.name] : [];
}

function listed(folder: string): number {
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
}

/** Starts the agent's program as the agent's OS user, with nothing of ours in its environment. */
export function startAgent(setting: Setting, args: readonly string[], account: Account | undefined): Program {
  const { place, house } = setting;
  const script = path.join(place.folder('agent', 0o755), 'agent.ts');
  if (!fs.existsSync(script)) {
    fs.copyFileSync(path.join(import.meta.dirname, '..', 'agent', 'agent.ts'), script);
    fs.chmodSync(script, 0o644);
  }
  return new Program(house.node, ['--disable-warning=ExperimentalWarning', script, ...args], {
    account,
    cwd: path.dirname(script),
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: path.join(place.path, 'nobody-home'), LC_ALL: 'C' },
    place,
  });
}
