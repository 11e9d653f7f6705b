import type { Bearer } from '../../contract/road.ts';
import { Refused } from '../../model/refusal.ts';
import type { Connection } from './connection.ts';
import type { Room } from './parts.ts';
import { WireRefused } from './wire-refusal.ts';

/** What was thrown; a refused credential with the hold by which a human is asked (E3). */
export async function askedAbout(
  room: Pick<Room, 'road'>,
  connection: Pick<Connection, 'peer' | 'address' | 'tunnel'>,
  thrown: unknown,
  bearer: Bearer | undefined,
): Promise<unknown> {
  if (!(thrown instanceof Refused) || thrown instanceof WireRefused) return thrown;
  const peer = connection.peer ?? { address: connection.address };
  const by = bearer ?? connection.tunnel?.bearer;
  const refusal = await room.road.askAbout(thrown.refusal, { peer, ...(by === undefined ? {} : { by }) });
  return refusal === thrown.refusal ? thrown : new Refused(refusal);
}
