import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { type Row, text } from './json.ts';

/** Which disk is meant: a volume has one instance per environment. */
export interface Disk {
  readonly volumeId: string;
  readonly instanceId: string;
}

export interface Extent {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Where volumes' data really are. A volume is one folder, each instance a folder within it, and its backups lie inside that:
 * `<root>/<volume>/<instance>/data` and `<root>/<volume>/<instance>/backups/<backup>`. So removing a volume removes its backups,
 * which is how it was on 24 April 2026.
 */
export interface VolumeHost {
  folder(disk: Disk): string;
  create(disk: Disk): Promise<void>;
  /** A file-level copy of the data; answers what it holds. */
  backup(disk: Disk, backupId: string): Promise<Extent>;
  restore(disk: Disk, backupId: string): Promise<void>;
  removeBackup(disk: Disk, backupId: string): Promise<Extent>;
  /** Throws the data away and starts empty; backups stay. */
  wipe(disk: Disk): Promise<Extent>;
  /** Fills a new instance with another one's data. */
  copy(from: Disk, to: Disk): Promise<void>;
  destroyInstance(disk: Disk): Promise<Extent>;
  destroyVolume(volumeId: string): Promise<Extent>;
  size(disk: Disk): Promise<Extent>;
  /** Stops what runs on the disks and forgets them all. */
  clear(): Promise<void>;
}

/** Volumes as plain folders with a few files in them; small, so worked on without waiting. */
export class FolderVolumes implements VolumeHost {
  readonly root: string;
  /** Whether anything was written or removed since this was last set to false. */
  isTouched = false;
  readonly #firstFiles: (disk: Disk) => Readonly<Record<string, string>>;

  constructor(root: string, firstFiles: (disk: Disk) => Readonly<Record<string, string>> = defaultFiles) {
    this.root = root;
    this.#firstFiles = firstFiles;
  }

  folder(disk: Disk): string {
    return path.join(this.root, disk.volumeId, disk.instanceId);
  }

  async create(disk: Disk): Promise<void> {
    this.isTouched = true;
    fs.mkdirSync(path.join(this.folder(disk), 'backups'), { recursive: true });
    for (const [name, content] of Object.entries(this.#firstFiles(disk))) {
      const file = path.join(this.folder(disk), 'data', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
  }

  async backup(disk: Disk, backupId: string): Promise<Extent> {
    this.isTouched = true;
    const target = path.join(this.folder(disk), 'backups', backupId);
    fs.cpSync(path.join(this.folder(disk), 'data'), target, { recursive: true });
    return extentOf(target);
  }

  async restore(disk: Disk, backupId: string): Promise<void> {
    this.isTouched = true;
    const source = path.join(this.folder(disk), 'backups', backupId);
    fs.accessSync(source);
    this.#replaceData(disk, source);
  }

  removeBackup(disk: Disk, backupId: string): Promise<Extent> {
    this.isTouched = true;
    return remove(path.join(this.folder(disk), 'backups', backupId));
  }

  async wipe(disk: Disk): Promise<Extent> {
    this.isTouched = true;
    const gone = await remove(path.join(this.folder(disk), 'data'));
    fs.mkdirSync(path.join(this.folder(disk), 'data'), { recursive: true });
    return gone;
  }

  async copy(from: Disk, to: Disk): Promise<void> {
    this.isTouched = true;
    fs.mkdirSync(path.join(this.folder(to), 'backups'), { recursive: true });
    this.#replaceData(to, path.join(this.folder(from), 'data'));
  }

  /** The volume's own folder goes with its last instance. */
  async destroyInstance(disk: Disk): Promise<Extent> {
    this.isTouched = true;
    const gone = await remove(this.folder(disk));
    const whole = path.join(this.root, disk.volumeId);
    if (fs.existsSync(whole) && fs.readdirSync(whole).length === 0) fs.rmdirSync(whole);
    return gone;
  }

  destroyVolume(volumeId: string): Promise<Extent> {
    this.isTouched = true;
    return remove(path.join(this.root, volumeId));
  }

  size(disk: Disk): Promise<Extent> {
    return extentOf(path.join(this.folder(disk), 'data'));
  }

  async clear(): Promise<void> {
    await fsp.rm(this.root, { recursive: true, force: true });
  }

  #replaceData(disk: Disk, source: string): void {
    const data = path.join(this.folder(disk), 'data');
    fs.rmSync(data, { recursive: true, force: true });
    fs.cpSync(source, data, { recursive: true });
  }
}

function defaultFiles(disk: Disk): Readonly<Record<string, string>> {
  return {
    reservations: `reservations of ${disk.instanceId}\n`.repeat(64),
    payments: `payments of ${disk.instanceId}\n`.repeat(64),
  };
}

/** Files and bytes under a folder; nothing there counts as nothing. A file may vanish meanwhile. */
export async function extentOf(folder: string): Promise<Extent> {
  if (!fs.existsSync(folder)) return { files: 0, bytes: 0 };
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const sizes = entries.map((entry) => {
    return fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  });
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Truly removes a folder and says how much was in it. */
export async function remove(folder: string): Promise<Extent> {
  const gone = await extentOf(folder);
  await fsp.rm(folder, { recursive: true, force: true, maxRetries: 5 });
  return gone;
}

/** The disk of a `volumeInstances` row. */
export function diskOf(instance: Row): Disk {
  return { volumeId: text(instance, 'volumeId'), instanceId: instance.id };
}
