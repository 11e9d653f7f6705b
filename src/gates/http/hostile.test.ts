import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { HttpMessage } from '../../model/http-message.ts';
import { hostileRequests, plainRequests } from '../../../test/golden/http-hostile.ts';
import { type Rig, openRig } from './http-gate.fixture.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.gate.close());
beforeEach(() => {
  rig.road.asked.length = 0;
});

test('K5 F3: the corpus is as large as it says, and no id stands twice', () => {
  expect(hostileRequests.length).toBeGreaterThanOrEqual(100);
  expect(plainRequests.length).toBeGreaterThanOrEqual(15);
  const ids = [...hostileRequests, ...plainRequests].map((one) => one.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(hostileRequests)('K5 F3: $id ($why) reaches nothing', async ({ bytes, reached }) => {
  const answer = await rig.raw(bytes, { wait: reached === 0 ? 20 : 60 });
  expect(rig.road.asked.length).toBe(reached);
  if (reached === 0) expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer.slice(0, 200)).toBe(true);
  const body = answer.split('\r\n\r\n')[1] ?? '';
  if (reached === 0 && body !== '')
    expect(JSON.parse(body)).toMatchObject({
      code: expect.stringMatching(/^HOLDPOINT_/),
      detail: expect.any(String),
      hint: expect.any(String),
    });
});

test.each(plainRequests)('K5: $id arrives as exactly one message', async ({ bytes, message }) => {
  const answer = await rig.raw(bytes, { wait: 10 });
  expect(answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '')).toMatch(/^HTTP\/1\.1 200 /);
  expect(rig.road.asked.length).toBe(1);
  const got = rig.road.asked[0]?.message as HttpMessage;
  expect({ ...got, body: Buffer.from(got.body).toString('utf8') }).toEqual({
    protocol: 'http',
    origin: 'https://api.toy.test',
    ...message,
  });
});

test('F3: the gate still serves after all of them, and holds nothing', async () => {
  expect(await rig.raw(plainRequests[0]?.bytes ?? Buffer.alloc(0))).toMatch(/^HTTP\/1\.1 200 /);
});
