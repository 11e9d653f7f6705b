import { Transform, type TransformCallback } from 'node:stream';

/** What the first bytes of a connection say of the host that is meant. */
export type Hello =
  | { readonly kind: 'more' }
  /** Not TLS, or TLS without a server name. */
  | { readonly kind: 'unnamed' }
  | { readonly kind: 'named'; readonly host: string };

/** Bytes of a ClientHello; those of today's clients, post-quantum keys included, have about 2,000. */
const longest = 65_536;
const handshake = 22;
const clientHello = 1;
const serverName = 0;

/**
 * Reads the server name out of a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3), which may come in several records and
 * any number of pieces. Never throws; what does not fit together counts as unnamed once it is whole.
 */
export function readHello(bytes: Buffer): Hello {
  const records: Buffer[] = [];
  let at = 0;
  let have = 0;
  while (at < bytes.length) {
    if (bytes[at] !== handshake) return { kind: 'unnamed' };
    if (at + 5 > bytes.length) return { kind: 'more' };
    const length = bytes.readUInt16BE(at + 3);
    const record = bytes.subarray(at + 5, at + 5 + length);
    records.push(record);
    have += record.length;
    at += 5 + length;
    const message = records.length === 1 ? record : Buffer.concat(records, have);
    if (message.length > 0 && message[0] !== clientHello) return { kind: 'unnamed' };
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3)) {
      return nameIn(message.subarray(4, 4 + message.readUIntBE(1, 3)));
    }
  }
  return { kind: 'more' };
}

/** Version, random, session id, suites, compression, then the extensions. */
function nameIn(hello: Buffer): Hello {
  let at = 34;
  at += 1 + (hello[at] ?? 0);
  at += 2 + short(hello, at);
  at += 1 + (hello[at] ?? 0);
  const end = Math.min(hello.length, at + 2 + short(hello, at));
  at += 2;
  while (at + 4 <= end) {
    const type = short(hello, at);
    const length = short(hello, at + 2);
    // List length, type of name (0 is a host), length, name.
    if (type === serverName && length > 5) {
      const size = short(hello, at + 7);
      return {
        kind: 'named',
        host: hello
          .toString('latin1', at + 9, at + 9 + size)
          .toLowerCase()
          .replace(/\.$/, ''),
      };
    }
    at += 4 + length;
  }
  return { kind: 'unnamed' };
}

function short(bytes: Buffer, at: number): number {
  return at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0;
}

/**
 * Passes bytes through once the first ones do not name a host that `isClaimed`; else ends in an error before any of them
 * went on. So a tunnel to some address cannot be used to speak, under its own name, to a host that has to be judged.
 */
export function unclaimedOnly(isClaimed: (host: string) => boolean): Transform {
  let held: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      if (held === undefined) return done(null, chunk);
      held = Buffer.concat([held, chunk]);
      const hello = readHello(held);
      if (hello.kind === 'named' && isClaimed(hello.host)) return done(new ClaimedInTunnel(hello.host));
      if (hello.kind === 'more') return held.length > longest ? done(new Error('the TLS hello is too long')) : done();
      const whole = held;
      held = undefined;
      return done(null, whole);
    },
    flush(done: TransformCallback) {
      // An end in the middle of a hello: nothing of it goes on.
      done();
    },
  });
}

/** A tunnel to one host, inside which TLS asks for another that a provider claims. */
export class ClaimedInTunnel extends Error {
  readonly host: string;

  constructor(host: string) {
    super('the TLS inside the tunnel asks for a claimed host');
    this.name = 'ClaimedInTunnel';
    this.host = host;
  }
}
