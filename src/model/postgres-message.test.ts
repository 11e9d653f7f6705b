import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { plain, type Json } from './json.ts';
import { postgresAnswer, postgresLookup, postgresMessage, postgresMessageFrom } from './postgres-message.ts';

const pg = { entry: 'pg', major: 18 };

test('H2: a message comes back out of its stored form as it was, byte for byte', () => {
  const value = fc.option(fc.uint8Array({ maxLength: 50 }), { nil: null });
  fc.assert(
    fc.property(fc.array(value), fc.option(fc.uint8Array(), { nil: undefined }), (values, copied) => {
      const whole = { ...postgresMessage(pg, 'statement', 'select $1'), values };
      const message = copied === undefined ? whole : { ...whole, copied };
      const stored = JSON.parse(JSON.stringify(plain(message))) as typeof message;
      const back = postgresMessageFrom(stored);
      expect(back.values.map((one) => one && [...one])).toEqual(values.map((one) => one && [...one]));
      expect(digestOf('holdpoint/test/v1', back as unknown as Json)).toBe(
        digestOf('holdpoint/test/v1', message as unknown as Json),
      );
    }),
  );
});

test.each([{ values: undefined }, { values: ['!'] }, { values: [1] }, { values: [], copied: '=' }])(
  'F1: a stored message that is damaged is refused: %j',
  (damage) => {
    expect(() => postgresMessageFrom({ ...postgresMessage(pg, 'statement', 'x'), ...damage } as never)).toThrow(
      TypeError,
    );
  },
);

test('an answer is looked at before it is believed', () => {
  expect(postgresAnswer({ protocol: 'postgres', content: { tag: 'SELECT 1', rows: [] } }).tag).toBe('SELECT 1');
  for (const content of [null, 'x', {}, { tag: 1, rows: [] }, { tag: '' }])
    expect(() => postgresAnswer({ protocol: 'postgres', content })).toThrow(TypeError);
  expect(() => postgresAnswer({ protocol: 'http', content: { tag: '', rows: [] } })).toThrow(TypeError);
});

test('a look-up carries its values as text', () => {
  const { act, values } = postgresLookup(pg, 'select $1, $2', 'é', null);
  expect([act, values]).toEqual(['lookup', [Buffer.from('é'), null]]);
});
