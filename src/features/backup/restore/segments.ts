import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openObject } from '../format/object.ts';
import type { WalPiece } from '../catalogue.ts';
import { exactObject } from '../stores.ts';
import { inOrder } from './in-order.ts';
import type { Leg, RestorePlan } from './plan.ts';
import type { Tell } from './progress.ts';
import { RestoreRefused } from './restore-refused.ts';
import type { BackupStore } from '../../../contract/backup.ts';
import { lsnText, segmentName, segmentStart } from '../../../contract/lsn.ts';

export interface SegmentOptions {
  readonly plan: RestorePlan;
  readonly store: BackupStore;
  readonly identity: string;
  /** Made here: what `restore_command` copies from. */
  readonly folder: string;
  readonly progress?: Tell;
  readonly signal?: AbortSignal;
}

const ahead = 6;

/**
 * Puts the segments of the log together from the pieces, and the histories of the timelines beside them. The last segment
 * is filled up with zeros, where replay ends. Throws `RestoreRefused` where a byte is missing, or there are two of it.
 */
export async function writeSegments(options: SegmentOptions): Promise<void> {
  const { plan, folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { timeline, bytes } of plan.histories)
    await writeFile(path.join(folder, `${hexadecimal(timeline)}.history`), bytes, { mode: 0o600, flag: 'wx' });
  const of = plan.legs.reduce((sum, leg) => sum + Number(leg.to - leg.from), 0);
  let before = 0;
  for (const leg of plan.legs) {
    const tell = (done: number): void => options.progress?.({ stage: 'log', done: before + done, of });
    await writeLeg(options, leg, tell);
    before += Number(leg.to - leg.from);
  }
}

async function writeLeg(options: SegmentOptions, leg: Leg, tell: (done: number) => void): Promise<void> {
  const { plan, store, identity, folder, signal } = options;
  const segments = new Segments(folder, leg, plan.segmentSize);
  const chosen = covering(plan.wal.pieces, leg);
  const opened = async (piece: WalPiece): Promise<Uint8Array> => {
    const plain = await openObject(await exactObject(store, piece, piece.version), identity);
    if (BigInt(plain.length) === piece.end - piece.start) return plain;
    throw new RestoreRefused('damaged', `\`${piece.key}\` is not as long as it says`);
  };
  for await (const [piece, plain] of inOrder(chosen, ahead, opened)) {
    signal?.throwIfAborted();
    await segments.take(piece.start, plain);
    tell(Number(segments.position - leg.from));
  }
  await segments.finish();
}

/** The fewest pieces that have every byte of the leg. Throws `RestoreRefused` for a gap. */
export function covering(pieces: readonly WalPiece[], { timeline, from, to }: Leg): readonly WalPiece[] {
  const chosen: WalPiece[] = [];
  let position = from;
  let best: WalPiece | undefined;
  // In the order of their starts; of those that begin in time the one that goes furthest.
  for (const piece of pieces) {
    if (piece.timeline !== timeline || piece.end <= position) continue;
    if (piece.start > position) {
      if (best === undefined) break;
      chosen.push(best);
      position = best.end;
      best = undefined;
      if (position >= to) return chosen;
      if (piece.end <= position) continue;
      if (piece.start > position) break;
    }
    if (best === undefined || piece.end > best.end) best = piece;
  }
  if (best !== undefined && best.end > position) {
    chosen.push(best);
    position = best.end;
  }
  if (position < to)
    throw new RestoreRefused('gap', `the log of timeline ${timeline} is missing from ${lsnText(position)} on`);
  return chosen;
}

/** Fills one segment after the other. */
class Segments {
  position: bigint;
  readonly #folder: string;
  readonly #leg: Leg;
  readonly #size: number;
  #segment: Buffer;

  constructor(folder: string, leg: Leg, size: number) {
    this.#folder = folder;
    this.#leg = leg;
    this.#size = size;
    this.#segment = Buffer.alloc(size);
    this.position = leg.from;
  }

  async take(start: bigint, plain: Uint8Array): Promise<void> {
    if (start > this.position) throw new RestoreRefused('gap', `the log is missing at ${lsnText(this.position)}`);
    this.#compare(start, plain);
    let rest = plain.subarray(Number(this.position - start));
    while (rest.length > 0 && this.position < this.#leg.to) {
      const at = Number(this.position % BigInt(this.#size));
      const wanted = Math.min(this.#size - at, Number(this.#leg.to - this.position));
      const part = rest.subarray(0, wanted);
      this.#segment.set(part, at);
      this.position += BigInt(part.length);
      rest = rest.subarray(part.length);
      if (at + part.length === this.#size) await this.#write(this.position - BigInt(this.#size));
    }
  }

  async finish(): Promise<void> {
    if (this.position < this.#leg.to)
      throw new RestoreRefused('gap', `the log is missing from ${lsnText(this.position)} on`);
    const begun = segmentStart(this.position, this.#size);
    if (this.position > begun) await this.#write(begun);
  }

  /** What two pieces both hold is the same, or one of them is not this server's. As far as the segment under way shows. */
  #compare(start: bigint, plain: Uint8Array): void {
    const begun = segmentStart(this.position, this.#size);
    const from = start > begun ? start : begun;
    if (from >= this.position) return;
    const theirs = plain.subarray(Number(from - start), Number(this.position - start));
    const ours = this.#segment.subarray(Number(from - begun), Number(this.position - begun));
    if (Buffer.compare(theirs, ours.subarray(0, theirs.length)) !== 0)
      throw new RestoreRefused('forked', `the log says two things before ${lsnText(this.position)}`, {
        hint: 'the server was set back on the same timeline: restore to a place before that, from a copy before that',
      });
  }

  async #write(begin: bigint): Promise<void> {
    const name = segmentName(this.#leg.timeline, begin, this.#size);
    await writeFile(path.join(this.#folder, name), this.#segment, { mode: 0o600, flag: 'wx' });
    this.#segment = Buffer.alloc(this.#size);
  }
}

function hexadecimal(timeline: number): string {
  return timeline.toString(16).toUpperCase().padStart(8, '0');
}
