import type { GraphQLSchema } from 'graphql';
import { outcomeOf, providerRefusalOf } from './answer.ts';
import { Inventory } from './inventory.ts';
import { judge, type Judged } from './judge.ts';
import { graphqlPath, railwayHosts, railwayMessage } from './message.ts';
import { resolve } from './resolve/index.ts';
import { askedFor } from './rewrite.ts';
import { maskOf } from './secrets.ts';
import { shapeOf } from './shape.ts';
import { graphqlReader, type GraphqlRequest, type Rewrite } from '../../languages/graphql/index.ts';
import type { Reading } from '../../contract/provider.ts';
import type { Action } from '../../model/action.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { frozen } from '../../model/json.ts';
import { type Message, singleStep } from '../../model/plan.ts';
import { refuse } from '../../model/refusal.ts';

const onlyGraphql = `send GraphQL to https://${railwayHosts[0] ?? ''}${graphqlPath}`;

/** Reads messages to Railway. A pure function of the message; what it learned of a document it keeps for the next. */
export function railwayReader(schema: GraphQLSchema, rewrite: Rewrite): (message: Message) => Reading {
  const read = graphqlReader(schema, { rewrite });
  const readings = new WeakMap<GraphqlRequest, Reading>();
  const inventory = new Inventory();
  return (message) => {
    const http = httpMessage(message);
    const request = read(http);
    const known = readings.get(request);
    if (known !== undefined) return known;
    const reading = readingOf(request, inventory);
    readings.set(request, reading);
    return reading;
  };
}

/** Only GraphQL on the two hosts is understood; everything else on them is refused. */
function httpMessage(message: Message): HttpMessage {
  if (message.protocol !== 'http') throw refuse('BAD_REQUEST', 'railway speaks http', onlyGraphql);
  const http = message as HttpMessage;
  if (!railwayHosts.some((host) => http.origin === `https://${host}` || http.origin === `https://${host}:443`)) {
    throw refuse('BAD_REQUEST', 'this is no host of railway', onlyGraphql);
  }
  const [path] = http.path.split('?', 1);
  if (path !== graphqlPath) throw refuse('BAD_REQUEST', 'nothing but GraphQL is read on this host', onlyGraphql);
  return http;
}

function readingOf(request: GraphqlRequest, inventory: Inventory): Reading {
  const judged: readonly Judged[] = request.operations.flatMap((operation, element) =>
    operation.fields.map((field) => judge(operation, field, { element, batch: request.batch })),
  );
  const plan = frozen(singleStep(railwayMessage(request.body)));
  const mask = maskOf(request);
  const shape = shapeOf(judged);
  const rootFields = judged.length;
  const sent = request.operations.map((operation) => operation.query).join('\n\n');
  const asked = request.asked === sent ? undefined : request.asked;
  return {
    plan,
    actions: frozen(judged.map((one) => one.action)),
    ...(asked === undefined ? {} : { asked }),
    ...(judged.some((one) => askedFor(one.field) !== undefined) ? { asks: frozen(judged.map(askedAction)) } : {}),
    resolve: (context) => resolve(judged, context, inventory),
    mask: (answer) => shape(mask(answer)),
    outcome: (answer) => outcomeOf(answer, rootFields),
    providerRefusal: providerRefusalOf,
  };
}

/** The action that the client asked for, with the class that it would have. */
function askedAction({ action, field, kind, element, batch }: Judged): Action {
  const asked = askedFor(field);
  return asked === undefined ? action : judge({ kind }, { ...field, name: asked }, { element, batch }).action;
}
