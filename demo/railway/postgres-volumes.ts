import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { copyTree, freePort, PostgresServer } from './postgres.ts';
import { accountForServer, copyBinaries, type OsAccount, type PostgresBinaries } from './postgres-binaries.ts';
import type { EnvironmentName } from './seeded.ts';
import { type Disk, type Extent, extentOf, FolderVolumes, remove, type VolumeHost } from './volumes.ts';

export interface PostgresSettings {
  /** Which environments' `pg-data` is a real server; production only when absent. */
  readonly environments?: readonly EnvironmentName[];
  /** Fills the new database, before its backups are taken. */
  readonly load?: (url: string, environment: EnvironmentName) => Promise<void>;
  readonly parameters?: Readonly<Record<string, string>>;
}

interface Plan {
  readonly port: number;
  readonly password: string;
}

/** Volumes as folders, of which some are the data directories of running PostgreSQL servers. */
export class PostgresVolumes implements VolumeHost {
  readonly #folders: FolderVolumes;
  readonly #settings: PostgresSettings;
  readonly #account: OsAccount | null;
  readonly #home: string;
  readonly #plans = new Map<EnvironmentName, Plan>();
  readonly #servers = new Map<string, PostgresServer>();
  #binaries: PostgresBinaries | null = null;

  constructor(home: string, settings: PostgresSettings) {
    this.#home = home;
    this.#folders = new FolderVolumes(path.join(home, 'volumes'));
    this.#settings = settings;
    this.#account = accountForServer();
    // the server's account must be able to walk down to its files, and to nothing else of ours
    if (this.#account !== null) fs.chmodSync(home, 0o711);
  }

  serves(environment: EnvironmentName): boolean {
    return (this.#settings.environments ?? ['production']).includes(environment);
  }

  /** Chooses ports and passwords, so that connection strings are known before a server is up. */
  async plan(): Promise<void> {
    for (const environment of this.#settings.environments ?? ['production']) {
      if (this.#plans.has(environment)) continue;
      this.#plans.set(environment, { port: await freePort(), password: randomBytes(18).toString('base64url') });
    }
  }

  plannedUrl(environment: EnvironmentName): string {
    const { port, password } = this.#planOf(environment);
    return `postgresql://postgres:${password}@127.0.0.1:${port}/pocketos`;
  }

  urlOf(disk: Disk): string | null {
    return this.#servers.get(disk.instanceId)?.url ?? null;
  }

  /** Turns an instance into a real database. */
  async serve(disk: Disk, environment: EnvironmentName): Promise<void> {
    this.#binaries ??= copyBinaries(path.join(this.#home, 'postgresql'));
    const data = this.#data(disk);
    await fsp.rm(data, { recursive: true, force: true });
    const server = new PostgresServer({
      binaries: this.#binaries,
      account: this.#account,
      dataDir: data,
      ...this.#planOf(environment),
      database: 'pocketos',
      parameters: this.#settings.parameters ?? {},
    });
    this.#servers.set(disk.instanceId, server);
    await server.create();
    await this.#settings.load?.(server.url, environment);
  }

  folder(disk: Disk): string {
    return this.#folders.folder(disk);
  }

  create(disk: Disk): Promise<void> {
    return this.#folders.create(disk);
  }

  async backup(disk: Disk, backupId: string): Promise<Extent> {
    const server = this.#servers.get(disk.instanceId);
    if (server === undefined || !server.isRunning) return this.#folders.backup(disk, backupId);
    const target = path.join(this.folder(disk), 'backups', backupId);
    await server.backup(target);
    return extentOf(target);
  }

  async restore(disk: Disk, backupId: string): Promise<void> {
    const server = this.#servers.get(disk.instanceId);
    if (server === undefined) {
      await this.#folders.restore(disk, backupId);
      return;
    }
    const source = path.join(this.folder(disk), 'backups', backupId);
    await fsp.access(source);
    await server.stop('SIGQUIT');
    await fsp.rm(this.#data(disk), { recursive: true, force: true });
    copyTree(source, this.#data(disk));
    await server.start();
  }

  removeBackup(disk: Disk, backupId: string): Promise<Extent> {
    return this.#folders.removeBackup(disk, backupId);
  }

  async wipe(disk: Disk): Promise<Extent> {
    const server = this.#servers.get(disk.instanceId);
    if (server === undefined) return this.#folders.wipe(disk);
    await server.stop('SIGQUIT');
    const gone = await remove(this.#data(disk));
    await server.create();
    return gone;
  }

  async copy(from: Disk, to: Disk): Promise<void> {
    const server = this.#servers.get(from.instanceId);
    if (server === undefined || !server.isRunning) {
      await this.#folders.copy(from, to);
      return;
    }
    await fsp.mkdir(path.join(this.folder(to), 'backups'), { recursive: true });
    await fsp.rm(this.#data(to), { recursive: true, force: true });
    await server.backup(this.#data(to));
  }

  async destroyInstance(disk: Disk): Promise<Extent> {
    await this.#kill((instanceId) => instanceId === disk.instanceId);
    return this.#folders.destroyInstance(disk);
  }

  /** The servers die with their disks, whoever is connected. */
  async destroyVolume(volumeId: string): Promise<Extent> {
    const instances = await fsp.readdir(path.join(this.#folders.root, volumeId)).catch((): string[] => []);
    await this.#kill((instanceId) => instances.includes(instanceId));
    return this.#folders.destroyVolume(volumeId);
  }

  size(disk: Disk): Promise<Extent> {
    return this.#folders.size(disk);
  }

  async clear(): Promise<void> {
    await this.#kill(() => true);
    await this.#folders.clear();
  }

  killAll(): void {
    for (const server of this.#servers.values()) server.killNow();
  }

  async #kill(isMeant: (instanceId: string) => boolean): Promise<void> {
    for (const [instanceId, server] of this.#servers) {
      if (!isMeant(instanceId)) continue;
      await server.stop('SIGQUIT');
      this.#servers.delete(instanceId);
    }
  }

  #planOf(environment: EnvironmentName): Plan {
    const plan = this.#plans.get(environment);
    if (plan === undefined) throw new Error(`no server planned in \`${environment}\``);
    return plan;
  }

  #data(disk: Disk): string {
    return path.join(this.folder(disk), 'data');
  }
}
