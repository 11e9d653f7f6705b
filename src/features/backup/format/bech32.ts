/** Bech32 (BIP 173) without its limit of 90 characters, as age uses it for recipients and identities. */

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;

/** Lower case. `prefix` has lower-case ASCII letters and hyphens only. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup([...bytes], 8, 5, true);
  const check = polymod([...expand(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const checksum = Array.from({ length: 6 }, (_, index) => (check >> (5 * (5 - index))) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => alphabet.charAt(word)).join('')}`;
}

/** The bytes behind `prefix`; undefined for any other text, mixed case and wrong padding included. */
export function decodeBech32(prefix: string, text: string): Uint8Array | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  const split = lower.lastIndexOf('1');
  if (split < 1 || lower.slice(0, split) !== prefix) return undefined;
  const words = lower
    .slice(split + 1)
    .split('')
    .map((letter) => alphabet.indexOf(letter));
  if (words.length < 6 || words.includes(-1)) return undefined;
  if (polymod([...expand(prefix), ...words]) !== 1) return undefined;
  const data = words.slice(0, -6);
  const rest = (data.length * 5) % 8;
  // What is left over is padding: fewer than five bits, all zero, or the same bytes had two texts.
  if (rest > 4 || ((data.at(-1) ?? 0) & ((1 << rest) - 1)) !== 0) return undefined;
  return Uint8Array.from(regroup(data, 5, 8, false));
}

function regroup(words: readonly number[], from: number, to: number, pad: boolean): number[] {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  for (const word of words) {
    held = ((held << from) | word) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >> bits) & ((1 << to) - 1));
    }
  }
  if (pad && bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
  return out;
}

function expand(prefix: string): number[] {
  const codes = [...Buffer.from(prefix)];
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(words: readonly number[]): number {
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    for (const [index, generator] of generators.entries()) if (((top >> index) & 1) === 1) sum ^= generator;
  }
  return sum >>> 0;
}
