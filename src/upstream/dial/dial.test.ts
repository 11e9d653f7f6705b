import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ThrowawayAuthority, throwawayAuthority } from './certificates.fixture.ts';
import { dial, dialTls, dialTunnel, trustedAuthorities } from './dial.ts';
import { listen, type Listener } from './listeners.fixture.ts';
import type { Lookup } from './resolve.ts';

let authority: ThrowawayAuthority;
let listener: Listener | undefined;
beforeAll(async () => {
  authority = await throwawayAuthority();
});
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

const here: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];
const configured = { allowPrivate: true, timeout: 2_000 };

describe('dialling', () => {
  test('C1 F3: refuses loopback before a connection is made', async () => {
    listener = await listen(() => undefined);
    for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '[::ffff:127.0.0.1]', '0']) {
      await expect(dialTunnel(host, listener.port)).rejects.toMatchObject({ name: 'AddressRefused' });
    }
    await expect(dialTunnel('a.example', listener.port, { lookup: here })).rejects.toMatchObject({ code: 'private' });
    expect(listener.connections()).toBe(0);
  });

  test('reaches what is configured, and carries bytes both ways', async () => {
    listener = await listen((socket, received) => received.endsWith('ping') && socket.write('pong'));
    const socket = await dial('named.test', listener.port, { ...configured, lookup: here });
    socket.write('ping');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('pong');
    socket.destroy();
  });

  test('F3: asks the resolver once, so that no second answer can differ', async () => {
    listener = await listen(() => undefined);
    let asked = 0;
    const lookup: Lookup = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
    const socket = await dial('rebind.test', listener.port, { ...configured, lookup });
    expect(asked).toBe(1);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])('refuses port %s', async (port) => {
    await expect(dial('127.0.0.1', port, configured)).rejects.toMatchObject({ code: 'not-a-host' });
  });

  test('F3: a resolver that never answers and a far side that never shakes hands are given up', async () => {
    const silent: Lookup = () => new Promise(() => undefined);
    await expect(dial('x.test', 1, { ...configured, timeout: 50, lookup: silent })).rejects.toThrow(
      'not resolved in time',
    );
    listener = await listen(() => undefined);
    const trust = trustedAuthorities();
    await expect(dialTls('127.0.0.1', listener.port, trust, { ...configured, timeout: 100 })).rejects.toThrow(
      'in time',
    );
  });
});

describe('dialling with TLS', () => {
  test('C1: accepts only the certificate of the host dialled, under the authorities given', async () => {
    const identity = await authority.identity([
      { type: 'dns', value: 'api.test' },
      { type: 'ip', value: '127.0.0.1' },
    ]);
    listener = await listen(() => undefined, identity);
    const trust = trustedAuthorities(authority.pem);
    const options = { ...configured, lookup: here };
    const sockets = [];
    for (const host of ['api.test', '127.0.0.1', 'API.test.']) {
      sockets.push(await dialTls(host, listener.port, trust, options));
    }
    await expect.poll(() => listener?.serverNames()).toEqual(['api.test', 'false', 'api.test']);
    for (const socket of sockets) socket.destroy();
    await expect(dialTls('other.test', listener.port, trust, options)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(dialTls('api.test', listener.port, trustedAuthorities(), options)).rejects.toThrow(/certificate/);
  });

  test('C1: the environment cannot turn verification off', async () => {
    listener = await listen(() => undefined, await authority.identity([{ type: 'dns', value: 'api.test' }]));
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(
        dialTls('api.test', listener.port, trustedAuthorities(), { ...configured, lookup: here }),
      ).rejects.toThrow(/certificate/);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });
});
