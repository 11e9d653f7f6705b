import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIdentity, requireHuman, type Identity, type NewToken } from './identity.ts';
import { hashSecret, parsePresented, presentedForm } from './presented-token.ts';
import type { Store } from '../../contract/store.ts';
import type { EntryDraft } from '../../model/entry.ts';
import { Refused } from '../../model/refusal.ts';
import { openSqliteStore } from '../../stores/sqlite/store.ts';

const here = { address: '127.0.0.1', uid: 1000 };
const scope = { gates: ['http'], operations: ['toy:read'], environments: ['staging'], resources: 'all' as const };
const hour = 3_600_000;

let dir: string;
let store: Store;
let identity: Identity;
let now: number;
let monotonic: number;
let journal: EntryDraft[];

function open(): Identity {
  return openIdentity({
    store,
    clock: { now: () => now },
    monotonic: () => monotonic,
    journalAppend: async (_, draft) => {
      journal.push(draft);
    },
  });
}

function create(asked: Partial<NewToken> = {}) {
  return store.transact((tx) =>
    identity.createToken(tx, { kind: 'agent', name: 'cursor', scope, purpose: 'custom domains', ...asked }),
  );
}

const revoke = (id: string, by: Identity = identity) => store.transact((tx) => by.revoke(tx, id, 'jane'));

async function refusalOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.refusal;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'holdpoint-identity-'));
  store = await openSqliteStore({ path: join(dir, 'state.db') });
  now = Date.parse('2026-04-24T12:00:00Z');
  monotonic = 0;
  journal = [];
  identity = open();
});

afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

describe('making a token (C2)', () => {
  it('shows it once, keeps its hash, names its life and its maker', async () => {
    const { record, presented } = await create();
    expect(presented).toMatch(/^hpa_[0-9A-HJKMNP-TV-Z]{26}_[A-Za-z0-9_-]{43}$/);
    expect(record).toMatchObject({
      scope,
      purpose: 'custom domains',
      createdAt: '2026-04-24T12:00:00.000Z',
      expiresAt: '2026-04-24T20:00:00.000Z',
    });
    const secret = presented.slice(-43);
    expect(record.secretHash).toBe(hashSecret(secret));
    expect(`tk_${presented.slice(4, 30)}`).toBe(record.id);
    const [entry] = journal;
    expect(entry).toMatchObject({
      kind: 'token-created',
      principal: 'cursor',
      token: record.id,
      body: { purpose: 'custom domains' },
    });
    expect(JSON.stringify([journal, await identity.list()])).not.toContain(secret);
    expect(JSON.stringify(journal)).not.toContain(record.secretHash);
    const onDisk = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'latin1'));
    expect(onDisk.join('')).toContain(record.secretHash);
    expect(onDisk.join('')).not.toContain(secret);
  });

  it('makes the principal once, and never lets a name change its kind', async () => {
    const first = await create();
    const second = await create();
    expect(second.record.principal).toEqual(first.record.principal);
    expect(first.record.principal.id).toMatch(/^pr_/);
    expect(await store.find('principals')).toHaveLength(1);
    expect((await refusalOf(create({ kind: 'human' }))).code).toBe('BAD_REQUEST');
    expect(await identity.list()).toHaveLength(2);
  });

  it.each<[string, Partial<NewToken>]>([
    ['a name with a capital', { name: 'Cursor' }],
    ['a name from another script', { name: 'сursor' }],
    ['no name', { name: '' }],
    ['no life', { ttlMs: 0 }],
    ['a life that is no number', { ttlMs: Number.NaN }],
    ['a life without end', { ttlMs: Number.POSITIVE_INFINITY }],
    ['a purpose with control characters', { purpose: 'domains\u001b[2J' }],
    ['a purpose that turns the line round', { purpose: 'domains \u202e' }],
    ['a scope that is none', { scope: { gates: ['http'] } as unknown as NewToken['scope'] }],
    ['a range that is none', { bound: { addresses: ['10.0.0.0/33'] } }],
  ])('refuses %s, and keeps nothing', async (_, asked) => {
    expect((await refusalOf(create(asked))).code).toBe('BAD_REQUEST');
    expect([await store.find('tokens'), await store.find('principals'), journal]).toEqual([[], [], []]);
  });
});

describe('identifying (C2, F1)', () => {
  it('says who presented it, from memory the second time', async () => {
    const { record, presented } = await create();
    const bearer = await identity.identify(presented, here);
    expect(bearer).toEqual({ principal: { kind: 'agent', id: record.principal.id, name: 'cursor' }, token: record });
    expect(Object.isFrozen(bearer.token.scope.environments)).toBe(true);
    const broken = store.get.bind(store);
    store.get = () => Promise.reject(new Error('disk'));
    expect((await identity.identify(presented, here)).token.id).toBe(record.id);
    store.get = broken;
  });

  it('refuses everything else with one text, and the journal says which', async () => {
    const { record, presented } = await create();
    const other = await create();
    const expired = await create({ ttlMs: 1_000 });
    const revoked = await create();
    await revoke(revoked.record.id);
    now += 1_000;
    journal.length = 0;
    const cases: readonly (readonly [string, string])[] = [
      ['shape', ''],
      ['shape', 'Bearer'],
      ['shape', `${presented} `],
      ['shape', presented.toUpperCase()],
      ['shape', presented.slice(0, -1)],
      ['shape', `${presented}\n`],
      ['shape', '8f7d0a1e-2b3c-4d5e-8f90-a1b2c3d4e5f6'],
      ['unknown', presented.replace(/^hpa_.{26}/, `hpa_${'0'.repeat(26)}`)],
      ['secret', presented.slice(0, 31) + other.presented.slice(31)],
      ['kind', presented.replace('hpa_', 'hph_')],
      ['kind', presented.replace('hpa_', 'hpc_')],
      ['expired', expired.presented],
      ['revoked', revoked.presented],
    ];
    const refusals = await Promise.all(cases.map(([, text]) => refusalOf(identity.identify(text, here))));
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
    expect(refusals[0]).toMatchObject({ code: 'BAD_TOKEN', detail: 'holdpoint does not take this token' });
    expect(journal.map((entry) => entry.body['why'])).toEqual(cases.map(([why]) => why));
    expect(journal.map((entry) => entry.principal)).toEqual([
      ...Array.from({ length: 9 }, () => undefined),
      'cursor',
      'cursor',
      'cursor',
      'cursor',
    ]);
    expect(JSON.stringify(journal)).not.toContain(presented.slice(-43));
    expect((await identity.identify(presented, here)).token.id).toBe(record.id);
  });

  it('takes an agent token for an agent and a human token for a human, nothing else (H1)', async () => {
    const agent = await identity.identify((await create()).presented, here);
    expect(() => requireHuman(agent)).toThrow(Refused);
    const ci = await create({ kind: 'ci', name: 'pipeline' });
    expect(ci.presented).toMatch(/^hpc_/);
    expect(() => requireHuman({ principal: ci.record.principal, token: ci.record })).toThrow(/DENIED/);
    const human = await create({ kind: 'human', name: 'jane' });
    expect(human.presented).toMatch(/^hph_/);
    expect(requireHuman(await identity.identify(human.presented, here)).name).toBe('jane');
    expect((await refusalOf(identity.identify(human.presented.replace('hph_', 'hpa_'), here))).code).toBe('BAD_TOKEN');
  });

  it('ends it at its time, to the millisecond, from memory too', async () => {
    const { presented } = await create();
    now += 8 * hour - 1;
    await identity.identify(presented, here);
    now += 1;
    expect((await refusalOf(identity.identify(presented, here))).code).toBe('BAD_TOKEN');
  });

  it('refuses what it cannot look up, as unavailable (F1)', async () => {
    const { presented } = await create();
    const get = store.get.bind(store);
    store.get = () => Promise.reject(new Error('disk'));
    expect((await refusalOf(identity.identify(presented, here))).code).toBe('UNAVAILABLE');
    store.get = get;
    await identity.identify(presented, here);
  });

  it('refuses a record that was changed into something else (F1)', async () => {
    const { record, presented } = await create();
    const stored = await store.get('tokens', record.id);
    for (const spoiled of [
      { ...stored, expiresAt: 'never' },
      { ...stored, secretHash: '' },
      { ...stored, scope: { gates: 'all' } },
      {},
    ]) {
      await store.transact((tx) => tx.put('tokens', record.id, spoiled));
      expect((await refusalOf(open().identify(presented, here))).code).toBe('BAD_TOKEN');
    }
  });

  it('writes down no more of a flood than it can bear, and how much it left out (F3)', async () => {
    for (let index = 0; index < 100; index++) await refusalOf(identity.identify(`hpa_${index}`, here));
    expect(journal).toHaveLength(20);
    monotonic += 1_000;
    await refusalOf(identity.identify('hpa_', here));
    expect(journal.at(-1)?.body['leftOut']).toBe(80);
  });
});

describe('revoking (C2)', () => {
  it('acts at once, and is journaled', async () => {
    const { record, presented } = await create();
    await identity.identify(presented, here);
    await revoke(record.id);
    expect((await refusalOf(identity.identify(presented, here))).code).toBe('BAD_TOKEN');
    expect(journal.find((entry) => entry.kind === 'token-revoked')).toMatchObject({
      token: record.id,
      principal: 'cursor',
      body: { by: 'jane' },
    });
    expect((await identity.list())[0]?.revokedAt).toBe('2026-04-24T12:00:00.000Z');
  });

  it('acts here even when it could not be made durable (F1)', async () => {
    const { record, presented } = await create();
    const failing = store.transact(async (tx) => {
      await identity.revoke(tx, record.id, 'jane');
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect((await refusalOf(identity.identify(presented, here))).code).toBe('BAD_TOKEN');
  });

  it('acts in another process within a second', async () => {
    const { record, presented } = await create();
    const elsewhere = open();
    await elsewhere.identify(presented, here);
    await revoke(record.id);
    monotonic += 999;
    expect((await refusalOf(elsewhere.identify(presented, here))).code).toBe('BAD_TOKEN');
  });

  it('is not undone by one that was identified meanwhile', async () => {
    const { record, presented } = await create();
    const [, later] = await Promise.all([revoke(record.id), identity.identify(presented, here).catch(() => 'refused')]);
    expect(later).toBeDefined();
    monotonic += 10_000;
    expect((await refusalOf(identity.identify(presented, here))).code).toBe('BAD_TOKEN');
  });

  it('can be said twice, and refuses an id that is none', async () => {
    const { record } = await create();
    await revoke(record.id);
    now += hour;
    expect((await revoke(record.id)).revokedAt).toBe('2026-04-24T12:00:00.000Z');
    expect(journal.filter((entry) => entry.kind === 'token-revoked')).toHaveLength(1);
    expect((await refusalOf(revoke('tk_nobody'))).code).toBe('BAD_REQUEST');
  });
});

describe('where it may be presented from (C2)', () => {
  it.each([
    [{}, { address: '127.0.0.1' }, true],
    [{}, { address: '127.8.9.10' }, true],
    [{}, { address: '::1' }, true],
    [{}, { address: '::ffff:127.0.0.1' }, true],
    [{}, { address: 'api' }, true],
    [{}, { address: '10.1.2.3' }, false],
    [{}, { address: '::ffff:10.1.2.3' }, false],
    [{}, { address: 'fe80::1%eth0' }, false],
    [{}, { address: 'localhost.example.com' }, false],
    [{ uid: 1000 }, { address: '127.0.0.1', uid: 1000 }, true],
    [{ uid: 1000 }, { address: '127.0.0.1', uid: 1001 }, false],
    [{ uid: 1000 }, { address: '127.0.0.1' }, false],
    [{ addresses: ['10.1.0.0/16'] }, { address: '10.1.2.3' }, true],
    [{ addresses: ['10.1.0.0/16'] }, { address: '::ffff:10.1.2.3' }, true],
    [{ addresses: ['10.1.0.0/16'] }, { address: '10.2.2.3' }, false],
    [{ addresses: ['10.1.0.0/16'] }, { address: '127.0.0.1' }, false],
    [{ addresses: ['10.1.0.0/16'] }, { address: 'api' }, false],
    [{ addresses: ['192.0.2.7'] }, { address: '192.0.2.7' }, true],
    [{ addresses: ['192.0.2.7'] }, { address: '192.0.2.8' }, false],
    [{ addresses: ['fd00:1::/32'] }, { address: 'fd00:1:ffff::5' }, true],
    [{ addresses: ['fd00:1::/32'] }, { address: 'fd00:2::5' }, false],
    [{ addresses: ['10.0.0.0/7', '::/0'] }, { address: '11.0.0.1' }, true],
    [{ addresses: [] }, { address: '127.0.0.1' }, false],
  ])('bound to %j, from %j: %s', async (bound, peer, taken) => {
    const { presented } = await create({ bound });
    const outcome = await identity.identify(presented, peer).then(
      () => true,
      () => false,
    );
    expect(outcome).toBe(taken);
    if (!taken) expect(journal.at(-1)?.body['why']).toBe('peer');
  });

  it.each([
    '',
    '10',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '010.0.0.1',
    '256.0.0.1',
    'fd00::1::',
    'fd00::/129',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    'fe80::1%eth0',
    'api',
  ])('`%s` is no range', async (range) => {
    expect((await refusalOf(create({ bound: { addresses: [range] } }))).code).toBe('BAD_REQUEST');
  });
});

describe('the presented form', () => {
  const crockford = fc.string({
    unit: fc.constantFrom(...Array.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ')),
    minLength: 26,
    maxLength: 26,
  });
  const base64url = fc.string({
    unit: fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')),
    minLength: 43,
    maxLength: 43,
  });

  it('reads back what it writes, and nothing else (C2)', () => {
    fc.assert(
      fc.property(fc.constantFrom('agent', 'human', 'ci'), crockford, base64url, (kind, id, secret) => {
        expect(parsePresented(presentedForm(kind, `tk_${id}`, secret))).toEqual({ kind, id: `tk_${id}`, secret });
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
        const read = parsePresented(text);
        if (read !== undefined) expect(presentedForm(read.kind, read.id, read.secret)).toBe(text);
      }),
    );
  });
});
