import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exactCopy, saysTheSame } from './exact-copy.ts';
import { type OpenLeases, openLeases } from './leases.ts';
import { VaultFault } from '../vault/vault-fault.ts';
import type { Clearance, Lease } from '../../contract/lease.ts';
import { type Answer, type Line, LineBroken, type Upstream } from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';

/** What the far side was really sent. */
let wire: string[];
let behave: (message: Message) => Promise<Answer>;
let leases: OpenLeases;
let lease: Lease;

const shown = (message: Message) => Buffer.from(message['body'] as Uint8Array).toString();
const sql = (text: string): Message => ({ protocol: 'toy', body: Buffer.from(text) });
const toy = (protocol: string): Upstream => ({
  protocol,
  open: async (): Promise<Line> => ({
    send: async (message) => {
      wire.push(shown(message));
      return behave(message);
    },
    rollback: async () => void wire.push('ROLLBACK'),
    close: async () => void wire.push('CLOSE'),
  }),
});

beforeEach(async () => {
  wire = [];
  behave = async (message) => ({ protocol: message.protocol, content: shown(message) });
  leases = openLeases({
    upstreams: [toy('toy'), toy('http')],
    routes: (name) =>
      name === 'nowhere'
        ? undefined
        : { name, address: name === 'web' ? 'https://a.test' : 'toy://a.test', allowPrivate: false },
    vault: { open: async () => ({ kind: 'password', secret: 'x' }) },
  });
  lease = await leases.open('db');
});
afterEach(() => leases.close());

test('C1: a credential that is not in the vault is said by the name of its upstream, and nothing is dialled', async () => {
  const missing = openLeases({
    upstreams: [toy('toy')],
    routes: (name) => ({ name, address: 'toy://a', allowPrivate: false, credential: 'gone' }),
    vault: { open: async () => Promise.reject(new VaultFault('not-found', 'there is no vault entry `gone`')) },
  });
  await expect(missing.open('db')).rejects.toMatchObject({
    refusal: {
      code: 'UNAVAILABLE',
      detail: 'the credential of upstream `db` is not in the vault',
      hint: expect.stringContaining('tell the person you work for') as unknown,
    },
  });
  expect(wire).toEqual([]);
});

describe('a clearance', () => {
  test('H2: sends its messages in order, each once', async () => {
    const steps = [sql('a'), sql('b')];
    const clearance = leases.mint(lease, steps, 'lookup', 'cl_1');
    expect(await lease.send(sql('a'), clearance)).toEqual({ protocol: 'toy', content: 'a' });
    await lease.send(sql('b'), clearance);
    await expect(lease.send(sql('b'), clearance)).rejects.toMatchObject({
      name: 'NotCleared',
      code: 'spent',
      sent: 'no',
    });
    expect(wire).toEqual(['a', 'b']);
  });

  test.each<[string, string, () => Promise<[Lease, Message, Clearance]>]>([
    [
      'forged',
      'an object of the same shape',
      async () => [lease, sql('a'), { ...leases.mint(lease, [sql('a')], 'effect', 'cl_1') }],
    ],
    ['forged', 'one built by hand', async () => [lease, sql('a'), { id: 'cl_1', phase: 'effect' } as Clearance]],
    [
      'foreign',
      'one of another installation',
      async () => {
        const others = openLeases({
          upstreams: [toy('toy')],
          routes: (name) => ({ name, address: 'toy://a', allowPrivate: false }),
          vault: { open: async () => ({ kind: 'x', secret: 'y' }) },
        });
        return [lease, sql('a'), others.mint(await others.open('db'), [sql('a')], 'effect', 'cl_1')];
      },
    ],
    [
      'foreign',
      'one for another lease',
      async () => [lease, sql('a'), leases.mint(await leases.open('db'), [sql('a')], 'effect', 'cl_1')],
    ],
    ['mismatched', 'another message', async () => [lease, sql('b'), leases.mint(lease, [sql('a')], 'effect', 'cl_1')]],
    [
      'mismatched',
      'one more member',
      async () => [lease, { ...sql('a'), extra: 1 }, leases.mint(lease, [sql('a')], 'effect', 'cl_1')],
    ],
    [
      'mismatched',
      'one member less',
      async () => [lease, { protocol: 'toy' }, leases.mint(lease, [sql('a')], 'effect', 'cl_1')],
    ],
    [
      'mismatched',
      'text that stands for the bytes',
      async () => [lease, { ...sql('a'), body: 'YQ' }, leases.mint(lease, [sql('a')], 'effect', 'cl_1')],
    ],
    [
      'mismatched',
      'another protocol',
      async () => [
        lease,
        { ...sql('a'), protocol: 'http' },
        leases.mint(lease, [{ ...sql('a'), protocol: 'http' }], 'effect', 'cl_1'),
      ],
    ],
    [
      'out-of-order',
      'the second before the first',
      async () => [lease, sql('b'), leases.mint(lease, [sql('a'), sql('b')], 'effect', 'cl_1')],
    ],
  ])('H2 F1: %s (%s): nothing is sent, and it is worth nothing afterwards', async (code, _, make) => {
    const [on, message, clearance] = await make();
    await expect(on.send(message, clearance)).rejects.toMatchObject({ name: 'NotCleared', code, sent: 'no' });
    await expect(on.send(sql('a'), clearance)).rejects.toMatchObject({ name: 'NotCleared' });
    expect(wire).toEqual([]);
  });

  test('H2: what is changed after it was minted is not sent', async () => {
    const body = Buffer.from('select 1');
    const message = { protocol: 'toy', body, headers: [['a', 'b']] };
    const clearance = leases.mint(lease, [message], 'effect', 'cl_1');
    body.write('drop it!');
    await expect(lease.send(message, clearance)).rejects.toMatchObject({ code: 'mismatched' });
    expect(wire).toEqual([]);
  });

  test('H2: what is changed while it is being sent is not sent', async () => {
    const body = Buffer.from('select 1');
    const message = { protocol: 'toy', body };
    const sent: string[] = [];
    behave = async (given) => {
      await Promise.resolve();
      sent.push(shown(given));
      return { protocol: 'toy', content: null };
    };
    const sending = lease.send(message, leases.mint(lease, [message], 'effect', 'cl_1'));
    body.write('drop it!');
    await sending;
    expect(sent).toEqual(['select 1']);
  });

  test('H2: a message that answers differently each time it is read does not get through', async () => {
    let reads = 0;
    const message = {
      protocol: 'toy',
      get body() {
        return Buffer.from(reads++ === 0 ? 'select 1' : 'drop it');
      },
    };
    const clearance = leases.mint(lease, [message], 'effect', 'cl_1');
    await expect(lease.send(message, clearance)).rejects.toMatchObject({ code: 'mismatched' });
    expect(wire).toEqual([]);
  });

  test('H2 F2: of many sendings at once with one clearance, one is sent', async () => {
    const clearance = leases.mint(lease, [sql('a')], 'effect', 'cl_1');
    const results = await Promise.allSettled(Array.from({ length: 200 }, () => lease.send(sql('a'), clearance)));
    expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(wire).toEqual(['a']);
  });

  test('is not minted for a lease that is not ours, for nothing, or for what is no message', () => {
    const fake = { ...lease } as Lease;
    expect(() => leases.mint(fake, [sql('a')], 'effect', 'cl_1')).toThrow('another line');
    expect(() => leases.mint(lease, [], 'effect', 'cl_1')).toThrow('nothing was sent');
    expect(() =>
      leases.mint(lease, [{ protocol: 'toy', when: new Date() as unknown as string }], 'effect', 'cl_1'),
    ).toThrow('plain values');
  });
});

describe('a lease', () => {
  test('measured steps wait in `ran` for the effect; look-ups do not', async () => {
    await lease.send(sql('insert'), leases.mint(lease, [sql('insert')], 'measure', 'cl_1'));
    await lease.send(sql('count'), leases.mint(lease, [sql('count')], 'lookup', 'cl_2'));
    await lease.send(sql('delete'), leases.mint(lease, [sql('delete')], 'measure', 'cl_3'));
    expect(lease.ran.map(shown)).toEqual(['insert', 'delete']);
    await lease.send(sql('commit'), leases.mint(lease, [sql('commit')], 'effect', 'cl_4'));
    expect(lease.ran).toEqual([]);
  });

  test('takes back what ran, and gives nothing back with an open transaction', async () => {
    const measured = (text: string) => lease.send(sql(text), leases.mint(lease, [sql(text)], 'measure', 'cl_1'));
    await measured('a');
    await lease.rollback();
    expect(lease.ran).toEqual([]);
    await measured('b');
    await lease.release();
    await lease.release();
    expect(wire).toEqual(['a', 'ROLLBACK', 'b', 'ROLLBACK', 'CLOSE']);
    await expect(measured('c')).rejects.toMatchObject({ code: 'released' });
    await expect(lease.rollback()).rejects.toMatchObject({ code: 'released' });
  });

  test('F1: sends nothing more when it is not known where the line stands', async () => {
    behave = () => Promise.reject(new LineBroken('unknown', 'gone'));
    await expect(lease.send(sql('a'), leases.mint(lease, [sql('a')], 'measure', 'cl_1'))).rejects.toMatchObject({
      sent: 'unknown',
    });
    await expect(lease.send(sql('b'), leases.mint(lease, [sql('b')], 'effect', 'cl_2'))).rejects.toMatchObject({
      code: 'broken',
    });
    expect(wire).toEqual(['a']);
    await lease.release();
  });

  test('F1: an error of another kind counts as unknown; one that proves nothing was sent leaves the line usable', async () => {
    behave = () => Promise.reject(new Error('bug'));
    await expect(lease.send(sql('a'), leases.mint(lease, [sql('a')], 'effect', 'cl_1'))).rejects.toMatchObject({
      name: 'LineBroken',
      sent: 'unknown',
    });
    const other = await leases.open('db');
    behave = () => Promise.reject(new LineBroken('no', 'down'));
    const again = leases.mint(other, [sql('a')], 'effect', 'cl_2');
    await expect(other.send(sql('a'), again)).rejects.toMatchObject({ sent: 'no' });
    await expect(other.send(sql('a'), again)).rejects.toMatchObject({ code: 'spent' });
    behave = async () => ({ protocol: 'toy', content: 1 });
    await expect(other.send(sql('a'), leases.mint(other, [sql('a')], 'effect', 'cl_3'))).resolves.toBeDefined();
  });

  test('one exchange at a time', async () => {
    const both = await Promise.allSettled(
      ['a', 'b'].map((text) => lease.send(sql(text), leases.mint(lease, [sql(text)], 'lookup', 'cl_1'))),
    );
    expect(both).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'busy' } }]);
    expect(wire).toEqual(['a']);
  });

  test('U1: where each message is its own effect, nothing is measured', async () => {
    const web = await leases.open('web');
    const message = { ...sql('POST'), protocol: 'http' };
    await expect(web.send(message, leases.mint(web, [message], 'measure', 'cl_1'))).rejects.toMatchObject({
      code: 'mismatched',
    });
    expect(wire).toEqual([]);
    await web.send(message, leases.mint(web, [message], 'effect', 'cl_2'));
    expect(wire).toEqual(['POST']);
  });

  test('is not opened for an entry that leads nowhere', async () => {
    await expect(leases.open('nowhere')).rejects.toMatchObject({ name: 'Refused', refusal: { code: 'UNAVAILABLE' } });
  });
});

describe('the copy that is sent', () => {
  // Written into an object by assignment, as the generator does, this name would set a prototype instead.
  const name = fc.string().filter((text) => text !== '__proto__');
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.uint8Array({ maxLength: 8 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  const message = fc
    .dictionary(name, value, { maxKeys: 4, noNullPrototype: true })
    .map((members) => ({ ...members, protocol: 'toy' }) as Message);

  test('H2: says the same as the message, and shares no bytes with it', () => {
    fc.assert(
      fc.property(message, (one) => {
        const copy = exactCopy(one);
        expect(saysTheSame(copy, one)).toBe(true);
        expect(Object.isFrozen(copy)).toBe(true);
        for (const [name, member] of Object.entries(one)) {
          if (!(member instanceof Uint8Array) || member.length === 0) continue;
          member[0] = (member[0] ?? 0) ^ 1;
          expect(saysTheSame(copy, one), name).toBe(false);
          member[0] = (member[0] ?? 0) ^ 1;
        }
      }),
    );
  });

  test('F3: what is no plain value is not copied, and so not sent', () => {
    const odd: unknown[] = [Object.create({ inherited: true }), new Date(0), () => 'x', Number.NaN, new Map()];
    for (const value of odd) expect(() => exactCopy({ protocol: 'toy', value } as Message)).toThrow('plain values');
  });

  test('H2: two messages say the same only if they are equal', () => {
    fc.assert(
      fc.property(message, message, (one, other) => {
        const equal = JSON.stringify(tagged(one)) === JSON.stringify(tagged(other));
        expect(saysTheSame(exactCopy(one), other)).toBe(equal);
      }),
    );
  });

  /** With bytes told from text, members sorted, and -0 from 0. */
  function tagged(given: unknown): unknown {
    if (given instanceof Uint8Array) return { bytes: [...given] };
    if (Array.isArray(given)) return { list: given.map(tagged) };
    if (typeof given === 'object' && given !== null)
      return {
        members: Object.entries(given)
          .map(([name, member]) => [name, tagged(member)])
          .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      };
    return Object.is(given, -0) ? 'minus zero' : { is: given };
  }
});
