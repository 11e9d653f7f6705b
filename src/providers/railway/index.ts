import { dirname } from 'node:path/posix';
import { catalogueOf } from './catalogue.ts';
import { credentialHeaders, looksLikeCredential } from './credentials.ts';
import { graphqlPath, ownMessage, railwayHosts, railwayMessage, textMessage } from './message.ts';
import { presets } from './presets.ts';
import { introspection } from './reach/index.ts';
import { railwayReader } from './read.ts';
import { railwayRewrite } from './rewrite.ts';
import { railwaySchema } from './schema.ts';
import { proveIntent } from './undo/proof.ts';
import { putBackImage } from './undo/put-back.ts';
import { readGraphql, wholeDocument } from '../../languages/graphql/index.ts';
import type { Provider } from '../../contract/provider.ts';

/** Everything below it is GraphQL, whatever its version. */
const graphqlRoot = `${dirname(graphqlPath)}/`;

/** Railway's public GraphQL API. Builds its schema once: keep the result. */
export function railwayProvider(): Provider {
  const schema = railwaySchema();
  const rewrite = railwayRewrite(schema);
  return Object.freeze({
    name: 'railway',
    hosts: railwayHosts,
    catalogue: catalogueOf(schema),
    presets,
    credentialHeaders,
    looksLikeCredential,
    tokenVariables: ['RAILWAY_TOKEN', 'RAILWAY_API_TOKEN'],
    tongue: ({ path }) => (path.startsWith(graphqlRoot) ? 'graphql' : 'problem'),
    language: 'graphql',
    messageOf: textMessage,
    makeWhole: (text, variables) => wholeDocument(schema, text, variables),
    read: railwayReader(schema, rewrite),
    prove: proveIntent,
    // Railway publishes no bound on how long a request may run; an absence is believed after this, by our own choice.
    settlesWithinMs: 15 * 60_000,
    introspection,
    // An inverse is serialised by the reader, so that what is judged again later is what was planned.
    putBack: (image) =>
      putBackImage(image, ({ query, variables }) =>
        railwayMessage(readGraphql(ownMessage(query, variables), schema, rewrite).body),
      ),
  } satisfies Provider);
}

export const railway: Provider = railwayProvider();
