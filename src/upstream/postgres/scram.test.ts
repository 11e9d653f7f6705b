import { expect, test } from 'vitest';
import { NotTheServer, Scram } from './scram.ts';

/** RFC 7677, section 3, but for the user's name, which PostgreSQL takes from the start-up packet. */
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const first = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';

test('C3: derives the proof, and takes only the server that has one as well', () => {
  const scram = new Scram('pencil', undefined, nonce);
  expect(scram.start(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'])).toEqual({
    mechanism: 'SCRAM-SHA-256',
    first: 'n,,n=,r=rOprNGfwEbeRWgbNEkqO',
  });
  const proof = scram.prove(first);
  expect(proof).toMatch(/^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[\w+/]{43}=$/);
  expect(() => scram.finish('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toThrow(NotTheServer);
  expect(() => scram.finish('e=other-error')).toThrow(NotTheServer);
});

test.each([
  ['another nonce', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
  ['our nonce and nothing more', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ['too little work', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`],
  ['endless work', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999`],
  ['no salt', `r=${nonce}x,i=4096`],
  ['nothing', ''],
])('F3: refuses a server that sends %s', (_, serverFirst) => {
  const scram = new Scram('pencil', undefined, nonce);
  scram.start(['SCRAM-SHA-256']);
  expect(() => scram.prove(serverFirst)).toThrow(NotTheServer);
});

test('C3: a server that offers less than SCRAM gets nothing of the password', () => {
  expect(() => new Scram('pencil').start(['PLAIN'])).toThrow(NotTheServer);
});
