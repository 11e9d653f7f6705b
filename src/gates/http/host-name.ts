import { isIP } from 'node:net';

/** A host as a peer named it: lower case, no trailing dot; IPv6 without its brackets. */
export interface HostName {
  readonly host: string;
  /** 0 when none was given. */
  readonly port: number;
  readonly literal: boolean;
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads `host`, `host:port` or `[v6]:port` (RFC 3986 §3.2). Undefined for everything else, user information, trailing
 * dots, underscores and the many spellings of an address (`127.1`, `0x7f.1`, `2130706433`) included: what two readers
 * could take for two hosts is none.
 */
export function parseHostName(text: string): HostName | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?$/.exec(text);
  if (bracketed) {
    const host = (bracketed[1] ?? '').toLowerCase();
    return isIP(host) === 6 ? withPort(host, bracketed[2], true) : undefined;
  }
  const plain = /^([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?$/.exec(text);
  if (!plain) return undefined;
  const host = (plain[1] ?? '').toLowerCase();
  if (isIP(host) === 4) return withPort(host, plain[2], true);
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  if (!labels.every((one) => label.test(one)) || /^(?:[0-9]+|0x[0-9a-f]*)$/.test(last)) return undefined;
  return withPort(host, plain[2], false);
}

function withPort(host: string, digits: string | undefined, literal: boolean): HostName | undefined {
  if (digits === undefined) return { host, port: 0, literal };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 && String(port) === digits ? { host, port, literal } : undefined;
}
