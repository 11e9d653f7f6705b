/**
 * DER of the X.509 name constraints extension (RFC 5280 §4.2.1.10), which @peculiar/x509 has no class for: permitted DNS
 * names (each with everything below it), and every IPv4 and IPv6 address excluded. With it a stolen CA key can vouch for
 * the configured hosts and for nothing else.
 */
export function nameConstraints(hosts: readonly string[]): Buffer {
  const permitted = hosts.map((host) => tagged(0x30, tagged(0x82, Buffer.from(host, 'ascii'))));
  const excluded = [8, 32].map((length) => tagged(0x30, tagged(0x87, Buffer.alloc(length))));
  return tagged(0x30, Buffer.concat([tagged(0xa0, Buffer.concat(permitted)), tagged(0xa1, Buffer.concat(excluded))]));
}

/** One DER element: tag, definite length in its shortest form, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  if (length > 65_535) throw new RangeError('too many hosts for one certificate authority');
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
