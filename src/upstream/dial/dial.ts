import { connect, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import { addressKey } from './address.ts';
import { AddressRefused, type Pinned, resolveAddress, type ResolveOptions } from './resolve.ts';

export interface DialOptions extends ResolveOptions {
  /** Milliseconds for the name, and again for the connection with its TLS. */
  readonly timeout: number;
}

/**
 * A TCP connection to one of the addresses that the host stood for when it was looked at. Throws `AddressRefused`, or
 * the system's error where nobody answered.
 */
export async function dial(host: string, port: number, options: DialOptions): Promise<Socket> {
  const pinned = await pin(host, port, options);
  return settled(connect(towards(pinned, port)), 'connect', pinned, options.timeout);
}

/** A connection for the proxy's uncovered CONNECT tunnels: the same rules of address, and the bytes are the caller's. */
export async function dialTunnel(host: string, port: number, options: Partial<DialOptions> = {}): Promise<Socket> {
  return dial(host, port, { allowPrivate: false, timeout: 10_000, ...options });
}

/**
 * A TLS connection whose certificate is verified for `host` and nothing else: neither the server name nor the identity
 * ever comes from a Host header. Offers HTTP/1.1 only. Throws as `dial` does, and where the certificate does not hold.
 */
export async function dialTls(host: string, port: number, trust: SecureContext, options: DialOptions): Promise<Socket> {
  const pinned = await pin(host, port, options);
  const socket = connectTls({
    ...towards(pinned, port),
    // SNI has no form for addresses (RFC 6066, section 3).
    ...(isIP(pinned.hostname) === 0 ? { servername: pinned.hostname } : {}),
    secureContext: trust,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    checkServerIdentity: (_, certificate) => checkServerIdentity(pinned.hostname, certificate),
  });
  return settled(socket, 'secureConnect', pinned, options.timeout);
}

/**
 * The system's roots, and the extra authorities (PEM) of a route. Make one a route and keep it: parsing hundreds of
 * certificates takes milliseconds.
 */
export function trustedAuthorities(ca?: string): SecureContext {
  const roots = getCACertificates('default');
  return createSecureContext({ minVersion: 'TLSv1.2', ca: ca === undefined ? roots : [...roots, ca] });
}

async function pin(host: string, port: number, options: DialOptions): Promise<Pinned> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new AddressRefused('not-a-host', 'the port is not one');
  return withinTime(resolveAddress(host, options), options.timeout);
}

function towards(pinned: Pinned, port: number): TcpNetConnectOpts {
  return {
    host: pinned.hostname,
    port,
    lookup: answerWith(pinned),
    autoSelectFamily: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
}

/** Stands in for the resolver, so that the name is not asked about a second time. Address literals never come here. */
function answerWith(pinned: Pinned): LookupFunction {
  return (_, options, callback) => {
    const [first] = pinned.addresses;
    if (options.all === true) callback(null, [...pinned.addresses]);
    else callback(null, first.address, first.family);
  };
}

/** The socket once `event` came and its far end is a pinned address; otherwise destroys it and rejects. */
function settled(socket: Socket, event: 'connect' | 'secureConnect', pinned: Pinned, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      // A late second error of a socket that is given up must not become an uncaught one.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const ended = () => fail(new Error('the far side closed the connection while it was being made'));
    const timer = setTimeout(() => fail(new Error('the far side did not answer in time')), timeout);
    socket.once('error', fail);
    socket.once('close', ended);
    socket.once(event, () => {
      const reached = addressKey(socket.remoteAddress ?? '');
      if (!pinned.addresses.some(({ address }) => addressKey(address) === reached)) {
        return fail(
          new AddressRefused('never', `\`${pinned.hostname}\` was reached at an address it did not stand for`),
        );
      }
      clearTimeout(timer);
      socket.off('error', fail);
      socket.off('close', ended);
      return resolve(socket);
    });
  });
}

async function withinTime<T>(work: Promise<T>, timeout: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AddressRefused('not-resolved', 'the name was not resolved in time')), timeout);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
