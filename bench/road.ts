import { join } from 'node:path';
import { type Effort, type Figure, quantile } from './figure.ts';
import { openFurnished } from './furnished.ts';
import { readAnswer, readBody } from './messages.ts';
import type { HttpMessage } from '../src/model/http-message.ts';
import { railway } from '../src/providers/railway/index.ts';
import { mediate } from '../src/road/mediate.ts';
import { openLeases } from '../src/upstream/run/leases.ts';

const part = 'road, in one process without a wire';

/**
 * What a cached read costs us in itself: whose token it is, what the message says, the road with its clearance minted,
 * spent and journaled, and a line that answers at once. Microseconds of processor time a read, the best of many rounds:
 * what strangers on the machine add is no property of the road.
 */
export async function benchRoad(folder: string, { quick }: Effort): Promise<readonly Figure[]> {
  const { daemon, token } = await openFurnished(join(folder, 'road'), 1);
  try {
    const { identity, vault } = daemon.api;
    const answer = { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(readAnswer) };
    const nothing = async (): Promise<void> => undefined;
    const line = { send: async () => ({ protocol: 'http', content: answer }), rollback: nothing, close: nothing };
    const leases = openLeases({
      upstreams: [{ protocol: 'http', open: async () => line }],
      routes: (name) => ({ name, address: 'http://127.0.0.1:1', allowPrivate: true }),
      vault,
    });
    const road = { ...daemon.road, leases };
    const peer = { address: '127.0.0.1' };
    const identify = (): ReturnType<typeof identity.identify> => identity.identify(token, peer);
    const bearer = await identify();
    const whole = async (): Promise<void> => {
      const sent = message();
      const asked = { gate: 'http', bearer: await identify(), provider: railway, message: sent };
      const outcome = await mediate(road, { ...asked, reading: railway.read(sent) });
      if (outcome.kind !== 'done') throw new Error(outcome.refusal.detail);
    };
    const known = message();
    const reading = railway.read(known);
    const asked = { gate: 'http', bearer, provider: railway, message: known, reading };
    const each = async (name: string, work: () => unknown): Promise<Figure> => {
      return { part, name, value: await best(work, quick ? 3 : 15), unit: 'µs' };
    };
    return [
      await each('a cached read, all of it', whole),
      await each('of it: whose token', identify),
      await each('of it: what the message says', () => railway.read(message())),
      await each('of it: the road', () => mediate(road, asked)),
    ];
  } finally {
    await daemon.close();
  }
}

function message(): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: Buffer.from(readBody),
  };
}

/** Microseconds of processor time. */
async function best(work: () => unknown, rounds: number): Promise<number> {
  const times = 5_000;
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let index = 0; index < times; index++) await work();
    const used = process.cpuUsage(before);
    found.push((used.user + used.system) / times);
  }
  return quantile(found, 0);
}
