import type { TokenBinding } from './token-record.ts';
import type { Peer } from '../../contract/road.ts';

/**
 * Whether a token bound like this may be presented by this peer. From an address of another machine only where that
 * was bound; a gate that is no network gate names itself (`api`) instead of an address, and is on this machine.
 */
export function admitsPeer(bound: TokenBinding, peer: Peer): boolean {
  // The ordinary case, on the path of every read: nothing is bound, and the peer is this machine in its usual spelling.
  if (bound.uid === undefined && bound.addresses === undefined && peer.address === '127.0.0.1') return true;
  if (bound.uid !== undefined && peer.uid !== bound.uid) return false;
  const address = parseAddress(peer.address);
  if (bound.addresses !== undefined)
    return address !== undefined && bound.addresses.some((range) => inRange(address, range));
  return address === undefined ? /^[a-z]*$/.test(peer.address) : isLoopback(address);
}

/** Whether this is an address or a range that a token can be bound to. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/** 16 bytes; IPv4 stands in its IPv6-mapped form, so that `::ffff:127.0.0.1` and `127.0.0.1` are one. */
function parseAddress(text: string): Uint8Array | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...v4]);
  const [plain = ''] = text.split('%');
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(plain) || !plain.includes(':')) return undefined;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => parseGroups(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const filled = halves.length === 2 ? 16 - head.length - (tail?.length ?? 0) : 0;
  if (halves.length === 2 ? filled < 2 : head.length !== 16) return undefined;
  return Uint8Array.from([...head, ...Array.from({ length: filled }, () => 0), ...(tail ?? [])]);
}

function parseV4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  const good = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return good ? parts.map(Number) : undefined;
}

function parseGroups(half: string): readonly number[] | undefined {
  if (half === '') return [];
  const bytes: number[] = [];
  const groups = half.split(':');
  for (const [index, group] of groups.entries()) {
    const v4 = index === groups.length - 1 ? parseV4(group) : undefined;
    if (v4 === undefined && !/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    bytes.push(...(v4 ?? [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
  }
  return bytes.length > 16 ? undefined : bytes;
}

function parseRange(text: string): { readonly address: Uint8Array; readonly bits: number } | undefined {
  const [base = '', length, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (address === undefined || rest.length > 0 || base.includes('%')) return undefined;
  const width = base.includes(':') ? 128 : 32;
  if (length === undefined) return { address, bits: 128 };
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined;
  return { address, bits: 128 - width + Number(length) };
}

function inRange(address: Uint8Array, text: string): boolean {
  const range = parseRange(text);
  if (range === undefined) return false;
  return address.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, range.bits - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((range.address[index] ?? 0) & mask);
  });
}

function isLoopback(address: Uint8Array): boolean {
  const text = Buffer.from(address).toString('hex');
  return text === '0'.repeat(31) + '1' || text.startsWith(`${'0'.repeat(20)}ffff7f`);
}
