import type { Found } from './finding.ts';
import { changed, digestOfBytes, type ReadFile, readWhole, replaceWhole, spliced } from './move-file.ts';
import { referenceFor } from './move-reference.ts';
import { refuse } from '../../model/refusal.ts';

/** How a credential is taken out of a file, and put back. Holds no secret. */
export interface Move {
  /** The finding's. */
  readonly id: string;
  readonly path: string;
  /** Byte offset of what is replaced, and then of the reference. */
  readonly start: number;
  /** Around the credential, replaced with it. */
  readonly lead: string;
  readonly trail: string;
  readonly reference: string;
  /** SHA-256 of the whole file with the credential, and with the reference; hex. */
  readonly before: string;
  readonly after: string;
}

/** A move that is planned: nothing has been written. */
export interface PlannedMove {
  readonly move: Move;
  /** How the reference works, in a sentence. */
  readonly works: string;
}

/** What would be written, and where. Throws `Refused` where it cannot be done or would not work. */
export function planMove(found: Found, variables: readonly string[], entry: string): PlannedMove {
  const { finding, secret, span, fileDigest } = found;
  const { place } = finding;
  if (place.kind !== 'environment' && (span === undefined || fileDigest === undefined))
    throw refuse(
      'BAD_REQUEST',
      'the file has it escaped, encoded or folded, so that it cannot be replaced byte for byte',
      'take it out by hand, and keep it with `holdpoint vault add`',
    );
  const file = place.kind === 'environment' || span === undefined ? undefined : readWhole(place.path);
  if (file !== undefined && file.digest !== fileDigest) throw changed(place.path);
  const start = span?.start ?? 0;
  const bytes = file?.bytes ?? Buffer.alloc(0);
  const { text, lead, trail, works } = referenceFor({
    kind: finding.kind,
    place,
    before: bytes.subarray(0, start).toString('utf8'),
    after: bytes.subarray(span?.end ?? 0).toString('utf8'),
    variables,
    entry,
  });
  const from = start - Buffer.byteLength(lead);
  const written = spliced(bytes, from, `${lead}${secret.reveal()}${trail}`, text);
  if (file === undefined || written === undefined) throw changed(place.path);
  return {
    works,
    move: {
      id: finding.id,
      path: place.path,
      start: from,
      lead,
      trail,
      reference: text,
      before: file.digest,
      after: digestOfBytes(written),
    },
  };
}

/** How a file stands to a move: the credential is in it, the reference is, or somebody wrote to it since. */
export function stateOf(move: Pick<Move, 'path' | 'before' | 'after'>): 'before' | 'after' | 'changed' {
  return standing(readWhole(move.path), move);
}

/** Writes the reference. `secret` is what the file has there. Does nothing where that was done already. */
export function moveOut(move: Move, secret: string): void {
  const file = readWhole(move.path);
  if (standing(file, move) === 'after') return;
  write(file, move, { from: `${move.lead}${secret}${move.trail}`, to: move.reference, result: move.after });
}

/** Writes the credential back, byte for byte, or nothing. Does nothing where it is there already. */
export function moveBack(move: Move, secret: string): void {
  const file = readWhole(move.path);
  if (standing(file, move) === 'before') return;
  write(file, move, { from: move.reference, to: `${move.lead}${secret}${move.trail}`, result: move.before });
}

function standing(file: ReadFile, { before, after }: Pick<Move, 'before' | 'after'>): 'before' | 'after' | 'changed' {
  if (file.digest === before) return 'before';
  return file.digest === after ? 'after' : 'changed';
}

/** Only what gives exactly the file that was said beforehand. */
function write(
  file: ReadFile,
  { start, path }: Move,
  { from, to, result }: { readonly from: string; readonly to: string; readonly result: string },
): void {
  const written = spliced(file.bytes, start, from, to);
  if (written === undefined || digestOfBytes(written) !== result) throw changed(path);
  replaceWhole(file, written);
}
