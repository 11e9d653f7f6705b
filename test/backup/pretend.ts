import { hash } from 'node:crypto';
import {
  type BackupSource,
  type BackupStore,
  type BasePart,
  ObjectMissing,
  type SourceIdentity,
  StoreFailed,
  type WalPart,
} from '../../src/contract/backup.ts';
import { lsnNumber, lsnText } from '../../src/contract/lsn.ts';

/** A store in memory whose insides a test can spoil. By key, oldest version first. */
export class MemoryStore implements BackupStore {
  readonly name: string;
  readonly place = { kind: 'memory', host: 'nowhere' };
  readonly held: { key: string; version: string; bytes: Uint8Array; keptUntil: string }[] = [];
  /** Answers nothing but failures. */
  down = false;
  #next = 0;

  constructor(name = 'memory') {
    this.name = name;
  }

  async put(key: string, bytes: Uint8Array, keptUntil: Date) {
    this.#check();
    const one = { key, version: `v${this.#next++}`, bytes: Uint8Array.from(bytes), keptUntil: keptUntil.toISOString() };
    this.held.push(one);
    return {
      key,
      version: one.version,
      sha256: hash('sha256', bytes, 'hex'),
      size: bytes.length,
      keptUntil: one.keptUntil,
    };
  }

  async get({ key, version }: { key: string; version: string }): Promise<Uint8Array> {
    this.#check();
    const one = this.held.find((each) => each.key === key && each.version === version);
    if (one === undefined) throw new ObjectMissing(key);
    return one.bytes;
  }

  async *list(prefix: string) {
    this.#check();
    const found = this.held.filter(({ key }) => key.startsWith(prefix));
    yield* found
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ key, version, bytes }) => ({ key, version, size: bytes.length }));
  }

  async probe() {
    return [];
  }

  async close(): Promise<void> {}

  #check(): void {
    if (this.down) throw new StoreFailed('the store is down');
  }
}

/** A file as a server would send it. */
export interface PretendFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface PretendOptions {
  readonly system?: string;
  readonly files: readonly PretendFile[];
  readonly directories?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  /** Changes the stream on its way. */
  readonly spoil?: (parts: BasePart[]) => BasePart[];
  /** What `wal` gives, one stream after another. */
  readonly wal?: readonly (readonly WalPart[])[];
  readonly dumped?: Uint8Array;
  readonly tablespaces?: readonly string[];
}

const pieceSize = 32_768;

/** A source whose cluster is made up, and which remembers what was confirmed to it. */
export function pretendSource(options: PretendOptions) {
  const confirmed: string[] = [];
  const streams = [...(options.wal ?? [])];
  const identity: SourceIdentity = {
    system: options.system ?? '7000000000000000001',
    timeline: 1,
    version: 180_004,
    position: options.end ?? '0/3000000',
    segmentSize: 16 * 1024 * 1024,
    slotKeepMegabytes: 1024,
    checksums: true,
    tablespaces: options.tablespaces ?? [],
    extensions: { postgres: ['plpgsql'] },
  };
  const source: BackupSource = {
    name: 'pg-production',
    identify: async () => identity,
    async *base() {
      yield* (options.spoil ?? ((parts) => parts))(baseParts(options));
    },
    slot: async () => ({ position: options.start ?? '0/2000028' }),
    dropSlot: async () => undefined,
    async wal({ position }) {
      const parts = streams.shift() ?? [];
      let stop: (() => void) | undefined;
      const stopped = new Promise<void>((resolve) => (stop = resolve));
      const from = lsnNumber(position);
      return {
        next: undefined,
        confirm: (at) => void confirmed.push(at),
        close: async () => stop?.(),
        async *[Symbol.asyncIterator]() {
          yield* parts.filter((part) => lsnNumber(part.start) >= from);
          await stopped;
        },
      };
    },
    history: async () => ({
      name: '00000002.history',
      bytes: Buffer.from('1\t0/3000000\tno recovery target specified\n'),
    }),
    async *dump() {
      for (let at = 0; at < (options.dumped?.length ?? 0); at += pieceSize)
        yield (options.dumped ?? Buffer.alloc(0)).subarray(at, at + pieceSize);
    },
    close: async () => undefined,
  };
  return { source, confirmed, identity };
}

/** The log from `start`, in parts of these sizes. */
export function walParts(start: string, sizes: readonly number[], timeline = 1): WalPart[] {
  let at = lsnNumber(start);
  return sizes.map((size, index) => {
    const part = { timeline, start: lsnText(at), bytes: Buffer.alloc(size, index + 1), sentAt: Date.now() };
    at += BigInt(size);
    return part;
  });
}

function baseParts(options: PretendOptions): BasePart[] {
  const { files, directories = ['base', 'pg_wal'], start = '0/2000028', end = '0/2000120' } = options;
  const tar = Buffer.concat([
    ...directories.map((path) => tarHead(`./${path}/`, 0, '5')),
    ...files.flatMap(({ path, bytes }) => [
      tarHead(path, bytes.length, '0'),
      bytes,
      Buffer.alloc((512 - (bytes.length % 512)) % 512),
    ]),
    Buffer.alloc(1024),
  ]);
  const parts: BasePart[] = [
    { kind: 'start', position: start, timeline: 1 },
    { kind: 'archive', name: 'base.tar' },
  ];
  for (let at = 0; at < tar.length; at += pieceSize)
    parts.push({ kind: 'data', bytes: tar.subarray(at, at + pieceSize) });
  parts.push({ kind: 'progress', done: tar.length, of: tar.length });
  parts.push({ kind: 'manifest', bytes: Buffer.from(serverManifest(files)) });
  parts.push({ kind: 'end', position: end, timeline: 1 });
  return parts;
}

/** As PostgreSQL writes it, its own sum included. */
function serverManifest(files: readonly PretendFile[]): string {
  const lines = files.map(({ path, bytes }) => {
    const sum = hash('sha256', bytes, 'hex');
    return `{ "Path": ${JSON.stringify(path)}, "Size": ${bytes.length}, "Last-Modified": "2026-11-24 00:00:00 GMT", "Checksum-Algorithm": "SHA256", "Checksum": "${sum}" }`;
  });
  const text = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${lines.join(',\n')}\n],\n`;
  return `${text}"Manifest-Checksum": "${hash('sha256', text, 'hex')}"}\n`;
}

/** The head of one entry of a tar archive. */
export function tarHead(path: string, size: number, kind: string): Buffer {
  const head = Buffer.alloc(512);
  head.write(path, 0, 100);
  head.write(`${(kind === '5' ? 0o700 : 0o600).toString(8).padStart(7, '0')}\0`, 100);
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  head.write(`${(1_795_000_000).toString(8).padStart(11, '0')}\0`, 136);
  head.write('        ', 148);
  head.write(kind, 156);
  head.write('ustar\u000000', 257);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}
