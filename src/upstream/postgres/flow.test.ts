import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Flow } from './flow.ts';
import { cstring, frame, int32, saying } from '../../contract/postgres/frames.ts';

const ready = frame('Z', Buffer.from('I'));
const row = (size: number) => frame('D', Buffer.alloc(size, 7));

/** What a client sees of these bytes, cut where somebody cuts them; and what is left behind the end. */
function through(bytes: Buffer, cuts: readonly number[], shows = true) {
  const seen: Buffer[] = [];
  const settings: string[] = [];
  const flow = new Flow({
    bytes: (part) => void seen.push(Buffer.from(part)),
    setting: (reply) => void settings.push(reply.bytes.toString('latin1', 5)),
    shows: () => shows,
  });
  const left: Buffer[] = [];
  const places = [...new Set(cuts.map((one) => one % (bytes.length + 1)))].toSorted((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    const part = bytes.subarray(from, to);
    from = to;
    if (flow.ready !== undefined) left.push(part);
    else left.push(flow.push(part) ?? Buffer.alloc(0));
  }
  return { seen: Buffer.concat(seen), left: Buffer.concat(left), flow, settings };
}

test('C1: the client sees the server’s bytes, however they are cut, up to the end of the round', () => {
  const message = fc.oneof(
    fc.integer({ min: 0, max: 300 }).map(row),
    fc.constant(frame('1')),
    fc.constant(frame('S', cstring('TimeZone'), cstring('UTC'))),
    fc.constant(saying({ severity: 'ERROR', code: '22012', message: 'division by zero' })),
    fc.constant(saying({ severity: 'NOTICE', code: '00000', message: 'so' })),
  );
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat()), fc.uint8Array(), (messages, cuts, behind) => {
      const round = Buffer.concat([...messages.map((one) => one.bytes), ready.bytes]);
      const { seen, left, flow, settings } = through(Buffer.concat([round, behind]), cuts);
      expect(seen.equals(round)).toBe(true);
      expect(left.equals(Buffer.from(behind))).toBe(true);
      expect(flow.ready?.bytes.toString('latin1', 5)).toBe('I');
      expect(flow.parsed).toBe(messages.some((one) => one.type === '1'));
      expect(flow.failed).toBe(messages.some((one) => one.type === 'E'));
      expect(settings).toHaveLength(messages.filter((one) => one.type === 'S').length);
    }),
  );
});

test('E3: an error that is not shown hides the end of the round with it', () => {
  const error = saying({ severity: 'ERROR', code: '42501', message: 'permission denied' });
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      const { seen, flow } = through(Buffer.concat([row(20).bytes, error.bytes, ready.bytes]), cuts, false);
      expect(seen.equals(row(20).bytes)).toBe(true);
      expect(flow.ready).toBeDefined();
    }),
  );
});

test('a length that no message has ends it', () => {
  const flow = new Flow({ bytes: () => undefined, setting: () => undefined, shows: () => true });
  expect(() => flow.push(Buffer.concat([Buffer.from('D'), int32(2)]))).toThrow('impossible length');
});
