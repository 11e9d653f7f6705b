import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lsnNumber, lsnText, segmentName, segmentStart } from './lsn.ts';

describe('positions in the write-ahead log', () => {
  test('B1: what is written reads as the same number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }), (position) => {
        expect(lsnNumber(lsnText(position))).toBe(position);
      }),
    );
    expect(lsnText(0x16_b374_d848n)).toBe('16/B374D848');
  });

  test.each(['', '1', '1/', '/1', '1/123456789', '0x1/2', '1/2 ', '-1/2'])('B1: `%s` is none', (text) => {
    expect(() => lsnNumber(text)).toThrow(RangeError);
  });

  // Names as PostgreSQL 15's pg_walfile_name() gives them.
  test.each([
    [1, '0/2000028', 16, '000000010000000000000002'],
    [2, '16/B374D848', 16, '0000000200000016000000B3'],
    [1, '1/0', 1024, '000000010000000100000000'],
  ])('B1: segment of timeline %i at %s', (timeline, position, megabytes, name) => {
    expect(segmentName(timeline, lsnNumber(position), megabytes * 1024 * 1024)).toBe(name);
  });

  test('B1: a segment begins at or before what lies in it', () => {
    expect(lsnText(segmentStart(lsnNumber('0/2000028'), 16 * 1024 * 1024))).toBe('0/2000000');
  });
});
