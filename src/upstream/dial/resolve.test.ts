import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalHost, type Lookup, resolveAddress } from './resolve.ts';

/** Everything a caller may put where a host belongs, and that leads, or could lead, somewhere private. */
const hostile = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '0x7f.1',
  '0x7f000001',
  '0X7F000001',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0177.0.0.01',
  '127.0.0.1.',
  '127.0.0.1..',
  '．．',
  'a..example',
  '.example',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '127．0．0．1',
  '１２７.0.0.1',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'LocalHost',
  'ⓛocalhost',
  'local\u00adhost',
  '0',
  '0.0.0.0',
  '0x0',
  '00.0.0.0',
  '::',
  '[::]',
  '::1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '::ffff:127.0.0.1',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '0xa9.0xfe.0xa9.0xfe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[fd00:ec2::254]',
  'FD00:EC2::254',
  '100.100.100.200',
  '168.63.129.16',
  '10.0.0.1',
  '10.1',
  '0xa000001',
  '192.168.1',
  '172.16.0.1',
  '100.64.0.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '[ff02::1]',
  '[fe80::1]',
  '[fe80::1%25eth0]',
  'fe80::1%eth0',
  '[fc00::1]',
  '%31%32%37.0.0.1',
  '127.0.0.1:80',
  'user@127.0.0.1',
  '127.0.0.1/',
  '127.0.0.1#x',
  '127.0.0.1?x',
  'example.com@127.0.0.1',
  'example.com\\@127.0.0.1',
  'exa mple.com',
  'example.com\t',
  'example.com\r\n',
  'example.com\0',
  '',
  '.',
  '[',
  '[]',
  '[::1',
  '::1]',
  'http://example.com',
  '256.256.256.256',
  '1.2.3.4.5',
  '0x',
  '1.2.3.0xg',
  'a'.repeat(300),
];

const publicName: Lookup = async () => [{ address: '93.184.215.14', family: 4 }];

describe('which host may be dialled', () => {
  test.each(hostile)('C1 F3: refuses %j', async (host) => {
    await expect(resolveAddress(host, { allowPrivate: false })).rejects.toMatchObject({ name: 'AddressRefused' });
  });

  test('C1: the list has at least sixty forms', () => {
    expect(new Set(hostile).size).toBeGreaterThanOrEqual(60);
  });

  test('pins what a name stands for', async () => {
    const pinned = await resolveAddress('Example.COM', { allowPrivate: false, lookup: publicName });
    expect(pinned).toEqual({ hostname: 'example.com', addresses: [{ address: '93.184.215.14', family: 4 }] });
    expect(Object.isFrozen(pinned)).toBe(true);
  });

  test('takes a public literal as it is, without asking a resolver', async () => {
    const lookup: Lookup = () => Promise.reject(new Error('asked'));
    const four = await resolveAddress('134744072', { allowPrivate: false, lookup });
    expect(four.addresses).toEqual([{ address: '8.8.8.8', family: 4 }]);
    const six = await resolveAddress('[2606:4700:4700:0::1111]', { allowPrivate: false, lookup });
    expect(six).toEqual({
      hostname: '2606:4700:4700::1111',
      addresses: [{ address: '2606:4700:4700::1111', family: 6 }],
    });
  });

  test.each(['10.0.0.5', '127.0.0.1', '169.254.169.254', '::1', 'fd00:ec2::254', '::ffff:127.0.0.1', 'junk'])(
    'C1: one answer `%s` among good ones refuses the name (rebinding)',
    async (bad) => {
      for (const answers of [[bad, '93.184.215.14'], ['93.184.215.14', bad], [bad]]) {
        const lookup: Lookup = async () => answers.map((address) => ({ address, family: 4 }));
        await expect(resolveAddress('rebind.example', { allowPrivate: false, lookup })).rejects.toThrow('stands for');
      }
    },
  );

  test('a name without an address, or that cannot be asked about, is refused', async () => {
    const none: Lookup = async () => [];
    const down: Lookup = () => Promise.reject(new Error('SERVFAIL'));
    await expect(resolveAddress('x.example', { allowPrivate: true, lookup: none })).rejects.toMatchObject({
      code: 'not-resolved',
    });
    await expect(resolveAddress('x.example', { allowPrivate: true, lookup: down })).rejects.toMatchObject({
      code: 'not-resolved',
    });
  });

  test('allowPrivate opens loopback and private ranges, and never metadata or link-local', async () => {
    for (const host of ['127.0.0.1', 'localhost', '10.1.2.3', '[::1]', '100.64.0.1', '[fc00::1]']) {
      await expect(resolveAddress(host, { allowPrivate: true })).resolves.toBeDefined();
    }
    for (const host of [
      '169.254.169.254',
      '[fd00:ec2::254]',
      '0.0.0.0',
      '224.0.0.1',
      '[fe80::1]',
      '[::ffff:169.254.169.254]',
    ]) {
      await expect(resolveAddress(host, { allowPrivate: true })).rejects.toMatchObject({ code: 'never' });
    }
  });

  test('onlyPrivate refuses what is public', async () => {
    const options = { allowPrivate: true, onlyPrivate: true };
    await expect(resolveAddress('8.8.8.8', options)).rejects.toMatchObject({ code: 'public' });
    await expect(resolveAddress('127.0.0.1', options)).resolves.toBeDefined();
  });

  test('C1: an address of this machine is refused whatever range it is from', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .map(({ address }) => address);
    expect(own.length).toBeGreaterThan(0);
    for (const address of own) await expect(resolveAddress(address, { allowPrivate: false })).rejects.toThrow(/./);
  });

  test('F3: any text is a host in one spelling only, or none', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefx.:[]%①②。．-_@/\\ ')) }),
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (host) => {
        let canonical: string;
        try {
          canonical = canonicalHost(host);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AddressRefused', code: 'not-a-host' });
          return;
        }
        expect(canonicalHost(canonical)).toBe(canonical);
        expect(canonical).not.toMatch(/[\sA-Z/?#@\\%[\]]/);
        // What a resolver could still read as a number is a whole IPv4 address already.
        if (/(^|\.)(\d+|0x[0-9a-f]*)$/.test(canonical)) expect(isIP(canonical)).toBe(4);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a refusal does not repeat what is no host', () => {
    expect(() => canonicalHost('user:hunter2@example.com')).toThrow('the host is neither a name nor an address');
  });
});
