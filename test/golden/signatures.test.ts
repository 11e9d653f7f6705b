import { expect, test } from 'vitest';
import { actDigest, type ActStatement } from '../../src/model/act.ts';
import { digestOf, parseDigest } from '../../src/model/digest.ts';
import { approvalDigest, type ApprovalStatement } from '../../src/model/hold.ts';
import { canonicalJson, type Json } from '../../src/model/json.ts';

/**
 * What signers sign, written out: the statement, its canonical text, and the hex of SHA-256 over the domain, a NUL and that
 * text, worked out apart from this code. A changed one breaks every signature that was ever made: never adjust them to pass.
 */

const act: ActStatement = {
  kind: 'thaw',
  body: { epoch: 7 },
  signer: 'sg_01',
  signedAt: '2026-11-23T09:00:00.000Z',
  number: 'AAAAAAAAAAAAAAAAAAAAAA',
};
const actText =
  '{"body":{"epoch":7},"kind":"thaw","number":"AAAAAAAAAAAAAAAAAAAAAA","signedAt":"2026-11-23T09:00:00.000Z","signer":"sg_01"}';
const actHex = 'b0eeccdb58c0f38fc3e0e242e66d3b102b9ffaede04c23fdc951dd9ddb0bfa97';

const held =
  parseDigest('abababababababababababababababababababababababababababababababab') ??
  digestOf('holdpoint/none/v1', null);
const approval: ApprovalStatement = {
  digest: held,
  hold: 'hp_01',
  verdict: 'approve',
  mode: 'delayed',
  notBefore: '2026-11-25T09:00:00.000Z',
  notAfter: '2026-11-26T09:00:00.000Z',
  typed: 'pg-data',
  signer: 'sg_01',
  number: 'AAAAAAAAAAAAAAAAAAAAAA',
  signedAt: '2026-11-23T09:00:00.000Z',
  note: 'only the old one: “pg-data”',
};
const approvalText =
  '{"digest":"abababababababababababababababababababababababababababababababab","hold":"hp_01","mode":"delayed","notAfter":"2026-11-26T09:00:00.000Z","notBefore":"2026-11-25T09:00:00.000Z","note":"only the old one: “pg-data”","number":"AAAAAAAAAAAAAAAAAAAAAA","signedAt":"2026-11-23T09:00:00.000Z","signer":"sg_01","typed":"pg-data","verdict":"approve"}';
const approvalHex = 'c7654bfe907c2ac4c8eb58daeb44eb65838abbf5a0f4dfec7d87ebcc1364333a';

test('H2: golden: an act on holdpoint itself', () => {
  expect(canonicalJson({ ...act })).toBe(actText);
  expect(actDigest(act)).toBe(actHex);
});

test('H2: golden: a verdict on a hold', () => {
  expect(canonicalJson(approval as unknown as Json)).toBe(approvalText);
  expect(approvalDigest(approval)).toBe(approvalHex);
});
