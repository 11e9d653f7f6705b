import { isIPv4, isIPv6 } from 'node:net';

/**
 * What an IP address is good for, by the IANA special-purpose registries (RFC 6890 and after).
 * - `public`: anybody on the internet
 * - `private`: loopback, private, shared (CGNAT), unique-local and benchmarking ranges: only where configured
 * - `never`: metadata services, link-local, multicast, unspecified, reserved: no configuration opens these
 */
export type AddressClass = 'public' | 'private' | 'never';

/** The bytes of an IPv4 (4) or IPv6 (16) address in any of its textual forms; undefined if it is neither. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  // A zone id picks an interface; nothing that leaves the machine needs one.
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(left, 0);
  bytes.set(right, 16 - right.length);
  return bytes;
}

/** One text for all spellings of one address; the text itself if it is none. A zone id is left out. */
export function addressKey(text: string): string {
  return addressBytes(text.replace(/%.*$/, ''))?.join('.') ?? text;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

type Range = readonly [prefix: readonly number[], bits: number, kind: AddressClass];

/** First match wins; what matches none is public. */
const v4Ranges: readonly Range[] = [
  [[100, 100, 100, 200], 32, 'never'], // Alibaba's metadata service, inside the shared range
  [[168, 63, 129, 16], 32, 'never'], // Azure's WireServer, a public address on purpose
  [[169, 254], 16, 'never'], // link-local; metadata of most clouds
  [[0], 8, 'never'], // `this` network: 0.0.0.0 connects to loopback
  [[192, 0, 0], 24, 'never'], // IETF protocol assignments; Oracle's metadata
  [[192, 0, 2], 24, 'never'],
  [[192, 88, 99], 24, 'never'], // 6to4 relays
  [[198, 51, 100], 24, 'never'],
  [[203, 0, 113], 24, 'never'],
  [[224], 4, 'never'], // multicast
  [[240], 4, 'never'], // reserved and broadcast
  [[10], 8, 'private'],
  [[100, 64], 10, 'private'],
  [[127], 8, 'private'],
  [[172, 16], 12, 'private'],
  [[192, 168], 16, 'private'],
  [[198, 18], 15, 'private'],
];

/** First match wins; outside 2000::/3 what matches none is never. */
const v6Ranges: readonly Range[] = [
  [[0xfd, 0x00, 0x0e, 0xc2], 32, 'never'], // fd00:ec2::254, Amazon's metadata
  [[0xfd, 0x20, 0x00, 0xce], 32, 'never'], // fd20:ce::254, Google's metadata
  [[0xfc], 7, 'private'],
  [[0x20, 0x01, 0x0d, 0xb8], 32, 'never'], // documentation
  [[0x20, 0x01, 0x00], 23, 'never'], // IETF protocol assignments (ORCHID, benchmarking)
  [[0x3f, 0xff, 0x00], 20, 'never'],
  [[0x20], 3, 'public'],
];

/** Ways of writing or carrying an IPv4 address inside an IPv6 one. None is public: a name that needs one is suspect. */
const embeddings: readonly { readonly prefix: readonly number[]; readonly bits: number; readonly inner: Inner }[] = [
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96, inner: (b) => [b.subarray(12)] }, // v4-mapped
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], bits: 96, inner: (b) => [b.subarray(12)] }, // translated (SIIT)
  { prefix: [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], bits: 96, inner: (b) => [b.subarray(12)] }, // NAT64
  { prefix: [0x20, 0x02], bits: 16, inner: (b) => [b.subarray(2, 6)] }, // 6to4
  // Teredo: the relay's address, and the client's with every bit turned over
  { prefix: [0x20, 0x01, 0, 0], bits: 32, inner: (b) => [b.subarray(4, 8), b.subarray(12).map((byte) => byte ^ 0xff)] },
];

type Inner = (bytes: Uint8Array) => readonly Uint8Array[];

/** The class of an address in any of its textual forms; what is no address is `never`. */
export function classifyAddress(text: string): AddressClass {
  const bytes = addressBytes(text);
  if (bytes === undefined) return 'never';
  return bytes.length === 4 ? classifyV4(bytes) : classifyV6(bytes);
}

function classifyV4(bytes: Uint8Array): AddressClass {
  return v4Ranges.find(([prefix, bits]) => within(bytes, prefix, bits))?.[2] ?? 'public';
}

function classifyV6(bytes: Uint8Array): AddressClass {
  if (bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return 'private';
  const embedding = embeddings.find(({ prefix, bits }) => within(bytes, prefix, bits));
  if (embedding !== undefined) {
    return embedding.inner(bytes).some((inner) => classifyV4(inner) === 'never') ? 'never' : 'private';
  }
  if (isIsatap(bytes) && classifyV4(bytes.subarray(12)) !== 'public') return 'never';
  return v6Ranges.find(([prefix, bits]) => within(bytes, prefix, bits))?.[2] ?? 'never';
}

/** RFC 5214: interface identifier 0000:5efe or 0200:5efe, then an IPv4 address that the far router delivers to. */
function isIsatap(bytes: Uint8Array): boolean {
  return ((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
}

function within(bytes: Uint8Array, prefix: readonly number[], bits: number): boolean {
  for (let index = 0; index * 8 < bits; index++) {
    const mask = bits - index * 8 >= 8 ? 0xff : (0xff << (8 - (bits - index * 8))) & 0xff;
    if (((bytes[index] ?? 0) & mask) !== ((prefix[index] ?? 0) & mask)) return false;
  }
  return true;
}
