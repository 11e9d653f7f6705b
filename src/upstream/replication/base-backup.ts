import { outOfTurn, type ReplicationLine, type Rows } from './replication-line.ts';
import { type BasePart, SourceFailed } from '../../contract/backup.ts';
import { type Frame, FrameReader } from '../../contract/postgres/frames.ts';

export interface BaseWishes {
  readonly label: string;
  readonly checkpoint: 'fast' | 'spread';
}

/** Bytes 'n', 'm', 'd', 'p' that begin a CopyData since 15. */
const newArchive = 0x6e;
const manifestBegins = 0x6d;
const someData = 0x64;
const progress = 0x70;

/**
 * BASE_BACKUP with a manifest of SHA-256 sums: PostgreSQL documentation, "Streaming Replication Protocol". Without its
 * write-ahead log, which the slot's stream brings. Throws `SourceFailed`.
 */
export async function* baseBackup(
  line: ReplicationLine,
  version: number,
  wishes: BaseWishes,
): AsyncGenerator<BasePart> {
  // A checkpoint that is spread takes minutes, and the server says nothing meanwhile.
  line.patience = 30 * 60_000;
  line.command(version >= 150_000 ? command15(wishes) : command14(wishes));
  const start = placeIn(await line.result());
  const spaces = await line.result();
  refuseTablespaces(spaces);
  line.patience = 2 * 60_000;
  yield { kind: 'start', ...start };
  yield* version >= 150_000 ? archives15(line, spaces) : archives14(line, spaces);
  const end = placeIn(await line.result());
  await line.ready();
  yield { kind: 'end', ...end };
}

function command15({ label, checkpoint }: BaseWishes): string {
  const options = [`LABEL ${quoted(label)}`, 'PROGRESS true', `CHECKPOINT '${checkpoint}'`, 'WAIT false'];
  return `BASE_BACKUP (${[...options, `MANIFEST 'yes'`, `MANIFEST_CHECKSUMS 'SHA256'`].join(', ')})`;
}

function command14({ label, checkpoint }: BaseWishes): string {
  const fast = checkpoint === 'fast' ? ' FAST' : '';
  return `BASE_BACKUP LABEL ${quoted(label)} PROGRESS${fast} NOWAIT MANIFEST 'yes' MANIFEST_CHECKSUMS 'SHA256'`;
}

/** In one stream: each message says by its first byte what it is. */
async function* archives15(line: ReplicationLine, spaces: Rows): AsyncGenerator<BasePart> {
  const of = bytesIn(spaces);
  let kind: 'data' | 'manifest' | undefined;
  expect(await line.next(), 'H');
  for (let one = await line.next(); one.type !== 'c'; one = await line.next()) {
    expect(one, 'd');
    const reader = new FrameReader(one);
    const said = reader.byte();
    switch (said) {
      case newArchive:
        if (kind !== undefined) throw tablespaceSeen();
        kind = 'data';
        yield { kind: 'archive', name: reader.text() };
        break;
      case manifestBegins:
        kind = 'manifest';
        break;
      case someData:
        if (kind === undefined) throw outOfTurn(one);
        yield { kind, bytes: reader.rest() };
        break;
      case progress:
        yield { kind: 'progress', done: Number(reader.rest().readBigInt64BE(0)), of };
        break;
      default:
        throw outOfTurn(one);
    }
  }
}

/** Before 15: a COPY for each archive, and one for the manifest; nothing says how far it is but the bytes. */
async function* archives14(line: ReplicationLine, spaces: Rows): AsyncGenerator<BasePart> {
  const of = bytesIn(spaces);
  yield { kind: 'archive', name: 'base.tar' };
  for (const kind of ['data', 'manifest'] as const) {
    expect(await line.next(), 'H');
    let done = 0;
    let said = 0;
    for (let one = await line.next(); one.type !== 'c'; one = await line.next()) {
      expect(one, 'd');
      const bytes = new FrameReader(one).rest();
      done += bytes.length;
      yield { kind, bytes };
      if (kind === 'manifest' || done - said < 1024 * 1024) continue;
      said = done;
      yield { kind: 'progress', done, of: Math.max(of, done) };
    }
  }
}

/** `spcoid, spclocation, size` in KiB: the row without an oid is the cluster’s own directory. */
function refuseTablespaces(spaces: Rows): void {
  if (spaces.some(([oid]) => oid !== null)) throw tablespaceSeen();
  if (spaces.length !== 1) throw new SourceFailed('failed', 'the server does not say what it sends');
}

export function tablespaceSeen(): SourceFailed {
  return new SourceFailed('tablespaces', 'the server keeps data in tablespaces, which are not backed up', {
    hint: 'move them home (ALTER … SET TABLESPACE pg_default) and drop them, or use pg_basebackup for this server',
  });
}

function bytesIn(spaces: Rows): number {
  return Number(spaces[0]?.[2] ?? 0) * 1024;
}

function placeIn(rows: Rows): { readonly position: string; readonly timeline: number } {
  const [position, timeline] = rows[0] ?? [];
  if (!position || !timeline)
    throw new SourceFailed('failed', 'the server does not say where its backup begins or ends');
  return { position, timeline: Number(timeline) };
}

function expect(one: Frame, type: string): void {
  if (one.type !== type) throw outOfTurn(one);
}

/** A literal of the replication grammar: only the quote itself means something in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll("'", "''")}'`;
}
