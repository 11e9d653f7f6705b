import type { Bearer, Peer } from '../../contract/road.ts';
import { type Refused, refuse } from '../../model/refusal.ts';
import type { Exposure } from './credentials.ts';
import type { Room } from './parts.ts';

/**
 * Journals that a real credential is in an agent's hands, by its fingerprint only, and says so. The entry is durable
 * before the answer; if it cannot be written, that is thrown instead, and the request is refused all the same.
 */
export async function refuseExposure(
  room: Pick<Room, 'road'>,
  exposure: Exposure,
  peer: Peer,
  bearer?: Bearer,
): Promise<Refused> {
  const { provider, header, fingerprint } = exposure;
  const who = bearer === undefined ? {} : { principal: bearer.principal.name, token: bearer.token.id };
  const body = { provider, header, fingerprint, peer: peer.address, uid: peer.uid };
  await room.road.note({ kind: 'exposure', gate: 'http', ...who, body });
  return refuse(
    'EXPOSED_CREDENTIAL',
    `a real ${provider} credential (fingerprint ${fingerprint}) stands in \`${header}\`; it was not passed on and not kept`,
    'stop here and use it nowhere else; tell the person you work for where you found it, so that it is replaced',
  );
}
