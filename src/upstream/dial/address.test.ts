import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBytes, addressKey, classifyAddress } from './address.ts';

const never = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.0.1',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '100::1',
  '2001:db8::1',
  '2001:2::1',
  '2001:10::1',
  '3fff::1',
  '5f00::1',
  '4000::1',
  '::ffff:169.254.169.254',
  '::ffff:0.0.0.0',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::10.0.0.1',
  '2002:a9fe:a9fe::1',
  '2001:0:a9fe:a9fe::1',
  '2606:4700::5efe:10.0.0.1',
  '::127.0.0.1',
  'fe80::1%eth0',
  'not an address',
  '',
  '127.1',
  '0x7f.0.0.1',
];

const onlyConfigured = [
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.8.8.8',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '::1',
  '0:0:0:0:0:0:0:1',
  'fc00::1',
  'fd12:3456::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '::ffff:0:10.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::8.8.8.8',
  '2002:7f00:1::',
  '2002:808:808::1',
  '2001:0:808:808:0:0:f5ff:fffe',
];

const open = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '198.17.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2a00:1450::1',
  '3ffe::1',
];

describe('the class of an address', () => {
  test.each(never)('C1 F3: `%s` is never dialled', (address) => {
    expect(classifyAddress(address)).toBe('never');
  });

  test.each(onlyConfigured)('C1 F3: `%s` is dialled only where configured', (address) => {
    expect(classifyAddress(address)).toBe('private');
  });

  test.each(open)('`%s` is public', (address) => {
    expect(classifyAddress(address)).toBe('public');
  });

  test('F3: the bytes of any IPv4 address come back from every way of writing it inside IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const bytes = addressBytes(address);
        expect(bytes?.join('.')).toBe(address);
        const mapped = addressBytes(`::ffff:${address}`);
        expect(mapped?.subarray(12)).toEqual(bytes);
        expect(classifyAddress(`::ffff:${address}`)).not.toBe('public');
        expect(classifyAddress(`64:ff9b::${address}`)).not.toBe('public');
        if (classifyAddress(address) === 'never') expect(classifyAddress(`::ffff:${address}`)).toBe('never');
      }),
    );
  });

  test('F3: an IPv6 address has the same bytes, and so the same class, in every spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const words = Array.from(
          { length: 8 },
          (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
        );
        const long = words.map((word) => word.toString(16).padStart(4, '0')).join(':');
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        expect(addressBytes(long)).toEqual(bytes);
        expect(addressBytes(short)).toEqual(bytes);
        expect(addressBytes(short.toUpperCase())).toEqual(bytes);
        expect(addressKey(short)).toBe(addressKey(long));
        expect(classifyAddress(short)).toBe(classifyAddress(long));
      }),
    );
  });
});
