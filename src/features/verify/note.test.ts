import { generateKeyPairSync, type KeyObject, sign, createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, openNote, parseVerifierKey, type VerifierKey } from './note.ts';

/** A note signed here, by hand: neither side's code is used to test the other. */
function signer(name: string): {
  readonly key: VerifierKey;
  readonly text: string;
  readonly line: (text: string) => string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.concat([Buffer.of(1), rawKey(publicKey)]);
  const id = createHash('sha256').update(`${name}\n`).update(raw).digest().subarray(0, 4);
  const text = `${name}+${id.toString('hex')}+${raw.toString('base64')}`;
  const key = parseVerifierKey(text);
  if (key === undefined) throw new Error('the key cannot be read');
  const line = (text: string): string =>
    `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`;
  return { key, text, line };
}

function rawKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const ours = signer('holdpoint/test');
const theirs = signer('witness.example/w');
const body = `holdpoint/test\n42\n${root}\n`;
const noteOf = (text: string, ...lines: string[]): string => `${text}\n${lines.join('')}`;

describe('signed notes', () => {
  it('J1: opens the example that the Go notes package publishes', () => {
    const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n'.replace(
        '’',
        "'",
      );
    const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
    expect(key).toBeDefined();
    expect(key && openNote(note, key)).toBe(text);
  });

  it('J1: opens ours, also beside signatures of others', () => {
    expect(openCheckpoint(noteOf(body, ours.line(body)), ours.key)).toMatchObject({ size: 42 });
    const both = noteOf(body, theirs.line(body), ours.line(body));
    expect(openCheckpoint(both, ours.key)).toMatchObject({ size: 42 });
    const extended = `${body}extension\n`;
    expect(openCheckpoint(noteOf(extended, ours.line(extended)), ours.key)).toMatchObject({ size: 42 });
  });

  it('J1: refuses every note whose signature is not ours over this very text', () => {
    const good = ours.line(body);
    const impostor = signer('holdpoint/test');
    const other = body.replace('42', '43');
    const signature = Buffer.from(good.split(' ')[2] ?? '', 'base64');
    const relabelled = `— holdpoint/test ${Buffer.concat([ours.key.id, Buffer.from(impostor.line(body).split(' ')[2] ?? '', 'base64').subarray(4)]).toString('base64')}\n`;
    const short = `— holdpoint/test ${signature.subarray(0, 67).toString('base64')}\n`;
    const empty = `— holdpoint/test ${signature.subarray(0, 4).toString('base64')}\n`;
    const zero = `— holdpoint/test ${Buffer.concat([ours.key.id, Buffer.alloc(64)]).toString('base64')}\n`;
    const bad: { readonly [name: string]: string } = {
      'no signature': body,
      'no signature lines': `${body}\n`,
      'signed by somebody else': noteOf(body, theirs.line(body)),
      'signed by another key of our name': noteOf(body, impostor.line(body)),
      'our key id over another key’s signature': noteOf(body, relabelled),
      'another text’s signature': noteOf(other, good),
      'a good signature and a bad one, both said to be ours': noteOf(body, good, zero),
      'a short signature': noteOf(body, short),
      'an empty signature': noteOf(body, empty),
      'a signature of zeros': noteOf(body, zero),
      'our name in another case': noteOf(body, good.replace('holdpoint', 'Holdpoint')),
      'hyphen for dash': noteOf(body, good.replace('—', '-')),
      'no line end': noteOf(body, good).slice(0, -1),
      'a line after the signatures': `${noteOf(body, good)}x\n`,
      'two empty lines at the end': `${noteOf(body, good)}\n`,
      'a carriage return': noteOf(body, good).replaceAll('\n', '\r\n'),
      'base64 written otherwise': noteOf(body, good.replace('=\n', '\n')),
      base64url: noteOf(body, good.replaceAll('+', '-').replaceAll('/', '_')),
      'text inserted before': `evil\n${noteOf(body, good)}`,
      'a second text before': `evil\n\n${noteOf(body, good)}`,
      'too many signatures': noteOf(body, good, ...Array.from({ length: 64 }, () => theirs.line(body))),
    };
    for (const [name, note] of Object.entries(bad)) {
      if (note === noteOf(body, good)) continue;
      expect(openCheckpoint(note, ours.key), name).toBeUndefined();
    }
  });

  it('J1: refuses a checkpoint text that is not one, though signed', () => {
    const texts = [
      `holdpoint/other\n42\n${root}\n`,
      `holdpoint/test\n042\n${root}\n`,
      `holdpoint/test\n-1\n${root}\n`,
      `holdpoint/test\n4.2\n${root}\n`,
      `holdpoint/test\n1e3\n${root}\n`,
      `holdpoint/test\n9007199254740993\n${root}\n`,
      `holdpoint/test\n${root}\n42\n`,
      `holdpoint/test\n42\n${root.slice(0, -4)}\n`,
      `holdpoint/test\n42\n${root.replace('2I=', '2J=')}\n`,
      `holdpoint/test\n42\n`,
      `holdpoint/test\n42\n\n${root}\n`,
      `\n`,
    ];
    for (const text of texts) expect(openCheckpoint(noteOf(text, ours.line(text)), ours.key), text).toBeUndefined();
  });

  it('F3: never throws, and opens nothing that it was not given signed', () => {
    const good = noteOf(body, ours.line(body));
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.string({ maxLength: 3, unit: 'binary' }), fc.nat(3))
      .map(([at, text, cut]) => good.slice(0, at) + text + good.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), mutated), (note) => {
        expect(openCheckpoint(note, ours.key)).toEqual(note === good ? expect.anything() : undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('J1: refuses verifier keys that do not fit themselves', () => {
    const [name = '', id = '', ...rest] = ours.text.split('+');
    const raw = rest.join('+');
    const bad = [
      '',
      name,
      `${name}+${id}`,
      `${name}x+${id}+${raw}`,
      `${name}+00000000+${raw}`,
      `${name}+${id.toUpperCase()}+${raw}x`,
    ];
    bad.push(
      `${name}+${id}+${raw.slice(0, -4)}`,
      ` ${ours.text}`,
      `${ours.text}\n`,
      `a b+${id}+${raw}`,
      ours.text.replace('+A', '+B'),
    );
    for (const text of bad) expect(parseVerifierKey(text), text).toBeUndefined();
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseVerifierKey(text) === undefined));
  });
});
