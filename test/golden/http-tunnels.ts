/** Raw bytes for the proxy's side of the gate: of none may anything come out at the far end. */
export interface HostileTunnel {
  readonly id: string;
  readonly why: string;
  /** Written first; when absent, a CONNECT that is good, after which `inside` is written. */
  readonly opening?: Buffer;
  readonly inside?: Buffer;
}

export interface TunnelFacts {
  readonly host: string;
  /** A proxy credential that is good. */
  readonly credential: string;
  /** A whole request, as it would be inside. */
  readonly request: Buffer;
}

/** CONNECT in every odd form, and what is no TLS, or odd TLS, behind a good one. */
export function hostileTunnels(facts: TunnelFacts): readonly HostileTunnel[] {
  return [...openings(facts), ...insides(facts)];
}

function openings({ host, credential, request }: TunnelFacts): readonly HostileTunnel[] {
  const proxy = `Proxy-Authorization: ${credential}`;
  const connect = (
    target: string,
    lines: readonly string[] = [`Host: ${target}`, proxy],
    version = 'HTTP/1.1',
  ): Buffer => Buffer.from(`CONNECT ${target} ${version}\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const one = (id: string, why: string, opening: Buffer): HostileTunnel => ({
    id: `connect-${id}`,
    why,
    opening: Buffer.concat([opening, request]),
  });
  const good = `${host}:443`;
  const targets: readonly (readonly [string, string, string])[] = [
    ['no-port', 'no port', host],
    ['port-80', 'the port of plain HTTP', `${host}:80`],
    ['port-22', 'the port of another protocol', `${host}:22`],
    ['port-zero', 'no port at all', `${host}:0`],
    ['port-large', 'a port beyond all', `${host}:65979`],
    ['port-sign', 'a signed port', `${host}:+443`],
    ['port-padded', 'a padded port', `${host}:0443`],
    ['port-hex', 'a hexadecimal port', `${host}:0x1bb`],
    ['port-empty', 'an empty port', `${host}:`],
    ['ports', 'two ports', `${host}:443:443`],
    ['user', 'somebody before the host', `me@${host}:443`],
    ['user-host', 'a host before the host', `${host}:443@elsewhere.example:443`],
    ['dot', 'a dot behind the host', `${host}.:443`],
    ['dots', 'two dots within', `${host.replace('.', '..')}:443`],
    ['encoded', 'an encoded letter', `%62${host.slice(1)}:443`],
    ['slash', 'a path behind it', `${host}:443/`],
    ['scheme', 'a scheme before it', `https://${host}:443`],
    ['query', 'a query behind it', `${host}:443?x`],
    ['hash', 'a fragment behind it', `${host}:443#x`],
    ['backslash', 'a backslash', `${host}\\:443`],
    ['nul', 'a NUL', `${host}\0.example:443`],
    ['suffix', 'the name as the beginning of another', `${host}.example:443`],
    ['prefix', 'the name as the end of another', `x${host}:443`],
    ['wildcard', 'any host', '*:443'],
    ['loopback', 'this machine', '127.0.0.1:443'],
    ['decimal', 'this machine as one number', '2130706433:443'],
    ['octal', 'this machine in octal', '0177.0.0.1:443'],
    ['metadata', 'the cloud’s own address', '169.254.169.254:443'],
    ['v6', 'this machine in the other protocol', '[::1]:443'],
    ['mapped', 'this machine, mapped', '[::ffff:127.0.0.1]:443'],
    ['nat64', 'this machine, translated', '[64:ff9b::7f00:1]:443'],
    ['empty', 'nothing', ':443'],
    ['relative', 'a path', '/graphql/v2'],
  ];
  return [
    ...targets.map(([id, why, target]) => one(id, why, connect(target))),
    one('no-credential', 'without a credential', connect(good, [`Host: ${good}`])),
    one('other-host', 'another Host', connect(good, ['Host: elsewhere.example:443', proxy])),
    one('two-hosts', 'two of them', connect(good, [`Host: ${good}`, 'Host: elsewhere.example:443', proxy])),
    one(
      'two-credentials',
      'two credentials',
      connect(good, [`Host: ${good}`, proxy, 'Proxy-Authorization: Basic eDp5']),
    ),
    one('length', 'a body', connect(good, [`Host: ${good}`, proxy, `Content-Length: ${request.length}`])),
    one('chunked', 'a body in chunks', connect(good, [`Host: ${good}`, proxy, 'Transfer-Encoding: chunked'])),
    one('http-10', 'HTTP/1.0', connect(good, [`Host: ${good}`, proxy], 'HTTP/1.0')),
    one('http-2', 'HTTP/2.0 in words', connect(good, [`Host: ${good}`, proxy], 'HTTP/2.0')),
    one(
      'lower',
      'the method in small letters',
      Buffer.from(`connect ${good} HTTP/1.1\r\nHost: ${good}\r\n${proxy}\r\n\r\n`),
    ),
    one('bare-lf', 'lines that end in LF', Buffer.from(`CONNECT ${good} HTTP/1.1\nHost: ${good}\n${proxy}\n\n`)),
    one('folded', 'a folded credential', connect(good, [`Host: ${good}`, `Proxy-Authorization:\r\n ${credential}`])),
    one('early', 'plain HTTP right behind it', connect(good)),
  ];
}

/** TLS 1.2 records by hand; none of them ends in a handshake. */
function insides({ host, request }: TunnelFacts): readonly HostileTunnel[] {
  const one = (id: string, why: string, inside: Buffer): HostileTunnel => ({ id: `inside-${id}`, why, inside });
  const hello = clientHello(host);
  const record = (type: number, body: Buffer, version = 0x0301): Buffer => {
    const head = Buffer.from([type, version >> 8, version & 255, body.length >> 8, body.length & 255]);
    return Buffer.concat([head, body]);
  };
  const sslv2 = Buffer.from('802e0100020015000000100100800200800300800400800500800600400700c0', 'hex');
  return [
    one('plain', 'plain HTTP', request),
    one('plain-get', 'a plain GET', Buffer.from(`GET /graphql/v2 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)),
    one('connect', 'another CONNECT', Buffer.from(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`)),
    one('h2', 'HTTP/2 without TLS', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
    one('ssh', 'another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n')),
    one('postgres', 'a database’s greeting', Buffer.from('0000000804d2162f', 'hex')),
    one('zeros', 'nothing but zeros', Buffer.alloc(4_096)),
    one(
      'noise',
      'nothing that means anything',
      Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 131 + 7) & 255)),
    ),
    one('sslv2', 'a hello of 1995', sslv2),
    one('alert', 'an alert first', record(21, Buffer.from([2, 40]))),
    one('data', 'data before any handshake', record(23, request)),
    one('change', 'a change of ciphers first', record(20, Buffer.from([1]))),
    one('heartbeat', 'a heartbeat that lies about its length', record(24, Buffer.from([1, 0xff, 0xff]))),
    one('empty-record', 'an empty record', record(22, Buffer.alloc(0))),
    one(
      'empty-records',
      'a thousand empty records',
      Buffer.concat(Array.from({ length: 1_000 }, () => record(22, Buffer.alloc(0)))),
    ),
    one(
      'huge-record',
      'a record longer than any may be',
      Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), Buffer.alloc(65_535)]),
    ),
    one('other-name', 'the name of another host', record(22, clientHello('elsewhere.example'))),
    one('suffix-name', 'a name that ends in ours', record(22, clientHello(`x${host}`))),
    one('upper-nul-name', 'a name with a NUL', record(22, clientHello(`${host}\0.example`))),
    one('no-name', 'no name', record(22, clientHello(undefined))),
    one('empty-name', 'an empty name', record(22, clientHello(''))),
    one('ip-name', 'a number for a name', record(22, clientHello('127.0.0.1'))),
    one('half-hello', 'half a hello, and then plain HTTP', Buffer.concat([record(22, hello.subarray(0, 40)), request])),
    one('hello-then-plain', 'a hello, and then plain HTTP', Buffer.concat([record(22, hello), request])),
    one(
      'split-hello',
      'a hello in records of one byte, and then plain HTTP',
      Buffer.concat([...Array.from(hello, (byte) => record(22, Buffer.from([byte]))), request]),
    ),
    one('server-hello', 'the answer of a server', record(22, Buffer.concat([Buffer.from([2]), hello.subarray(1)]))),
    one(
      'long-hello',
      'a hello that says it is larger than any',
      record(22, Buffer.concat([Buffer.from([1, 0xff, 0xff, 0xff]), hello.subarray(4)])),
    ),
    one('two-hellos', 'two hellos', Buffer.concat([record(22, hello), record(22, clientHello('elsewhere.example'))])),
    one('tls-in-tls', 'a hello inside data', record(23, record(22, hello))),
    one('version', 'a version that is none', record(22, hello, 0x0909)),
  ];
}

/** A ClientHello (RFC 8446, section 4.1.2) that offers one old cipher and this server name. */
function clientHello(name: string | undefined): Buffer {
  const extension = (): Buffer => {
    const bytes = Buffer.from(name ?? '', 'latin1');
    const list = Buffer.concat([Buffer.from([0, bytes.length >> 8, bytes.length & 255]), bytes]);
    const body = Buffer.concat([Buffer.from([list.length >> 8, list.length & 255]), list]);
    return Buffer.concat([Buffer.from([0, 0, body.length >> 8, body.length & 255]), body]);
  };
  const extensions = name === undefined ? Buffer.alloc(0) : extension();
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 2, 0x00, 0x2f, 1, 0]),
    Buffer.from([extensions.length >> 8, extensions.length & 255]),
    extensions,
  ]);
  return Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
}
