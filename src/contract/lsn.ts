import type { Lsn } from './backup.ts';

const written = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** Bytes since the beginning of the write-ahead log. Throws `RangeError` for what is no position. */
export function lsnNumber(text: Lsn): bigint {
  const [, high, low] = written.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new RangeError(`\`${text}\` is no position in a write-ahead log`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** As PostgreSQL writes it: `16/B374D848`. */
export function lsnText(position: bigint): Lsn {
  if (position < 0n || position > 0xffff_ffff_ffff_ffffn)
    throw new RangeError(`${position} is no position in a write-ahead log`);
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

/** Where the segment begins that a position lies in. Streams start there: no server reads a segment without its head. */
export function segmentStart(position: bigint, segmentSize: number): bigint {
  const size = BigInt(segmentSize);
  return (position / size) * size;
}

/** File name of a segment (`XLogFileName`): timeline and the number of the segment, in hexadecimal. */
export function segmentName(timeline: number, position: bigint, segmentSize: number): string {
  const number = position / BigInt(segmentSize);
  const each = 0x1_0000_0000n / BigInt(segmentSize);
  const parts = [BigInt(timeline), number / each, number % each];
  return parts.map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');
}
