import { canonicalJson, type JsonObject } from '../../model/json.ts';
import type { HttpMessage } from '../../model/http-message.ts';

export const railwayHosts: readonly string[] = ['backboard.railway.com', 'backboard.railway.app'];

/** Both hosts are one service; the Plan names this one, so that the same act has the same digest by either. */
export const railwayOrigin = 'https://backboard.railway.com';

export const graphqlPath = '/graphql/v2';

/** A GraphQL request to Railway as it stands in a Plan. The credential's place is the header that `upstream` adds. */
export function railwayMessage(body: Uint8Array): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: railwayOrigin,
    path: graphqlPath,
    headers: [
      ['accept', 'application/json'],
      ['content-type', 'application/json'],
    ],
    body,
  };
}

/** The request that a text would be, as a client sends it. */
export function textMessage(query: string, variables?: JsonObject): HttpMessage {
  return railwayMessage(new TextEncoder().encode(JSON.stringify({ query, variables })));
}

/** A request of our own: a look-up or an inverse. */
export function ownMessage(query: string, variables: JsonObject): HttpMessage {
  return railwayMessage(new TextEncoder().encode(canonicalJson({ query, variables })));
}
