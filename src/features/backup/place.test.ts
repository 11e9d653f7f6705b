import { describe, expect, it } from 'vitest';
import { coLocations, providerOf } from './place.ts';

describe('where a store is', () => {
  const keeper = { name: 'disk', place: { kind: 'keeper', host: 'localhost', device: '2049', account: 'uid 700' } };
  const bucket = {
    name: 's3',
    place: { kind: 's3', host: 's3.eu-central-1.amazonaws.com', provider: 'aws', account: 'AKIA1' },
    credential: 'f1',
  };
  const shared = (data: Parameters<typeof coLocations>[0]): readonly string[] =>
    coLocations(data, [keeper, bucket]).map(({ store, shares }) => `${store} ${shares}`);

  it('B1: is said wherever it shares something with the data', () => {
    expect(shared({ host: 'db.example.com', credentials: [] })).toEqual([]);
    expect(shared({ host: '127.0.0.1', credentials: [] })).toEqual(['disk machine']);
    expect(shared({ host: '127.0.0.1', device: '2049', credentials: [] })).toEqual(['disk device', 'disk machine']);
    expect(shared({ host: 'x.rds.amazonaws.com', provider: 'aws', credentials: [] })).toEqual(['s3 provider']);
    expect(shared({ account: 'akia1', credentials: ['f1'] })).toEqual(['s3 account', 's3 credential']);
  });

  it('B1: tells providers by their hosts’ names, and guesses none', () => {
    expect(providerOf('roundhouse.proxy.rlwy.net')).toBe('railway');
    expect(providerOf('s3.eu-central-1.amazonaws.com.')).toBe('aws');
    for (const host of ['notamazonaws.com', 'amazonaws.com.evil.example', 'localhost', ''])
      expect(providerOf(host), host).toBeUndefined();
  });
});
