import { type Figure, quantile } from './figure.ts';
import { railwayProvider } from '../src/providers/railway/index.ts';
import type { HttpMessage } from '../src/model/http-message.ts';

const documents: readonly (readonly [
  name: string,
  document: (seed: string) => { query: string; variables?: object },
])[] = [
  ['volumeDelete', (seed) => ({ query: `mutation { volumeDelete(volumeId: "${seed}") }` })],
  [
    'variableUpsert',
    (seed) => ({
      query: 'mutation Set($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
      variables: {
        input: { projectId: seed, environmentId: seed, serviceId: seed, name: 'LOG_LEVEL', value: 'debug' },
      },
    }),
  ],
  [
    'project inventory',
    (seed) => ({
      query: `query Project($id: String!) { project(id: $id) { id name environments { edges { node { id name serviceInstances {
        edges { node { id serviceId serviceName latestDeployment { id status createdAt } } } } volumeInstances { edges { node { id volumeId
        mountPath currentSizeMB } } } } } } services { edges { node { id name icon } } } } }`,
      variables: { id: seed },
    }),
  ],
];

function message(body: object): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}

/** The same document as nobody has sent it before. */
function commented(body: { query: string; variables?: object }, index: number): object {
  return { ...body, query: `${body.query} # ${index}` };
}

/** Microseconds of each call, the warm-up left out. */
function times(count: number, work: (index: number) => void): readonly number[] {
  const all: number[] = [];
  for (let index = 0; index < count + 200; index++) {
    const begun = process.hrtime.bigint();
    work(index);
    if (index >= 200) all.push(Number(process.hrtime.bigint() - begun) / 1000);
  }
  return all;
}

/** Reading a request to Railway: bytes to actions and the plan, for documents never seen and for one seen before. */
export function benchGraphql(count = 2000): readonly Figure[] {
  const figures: Figure[] = [];
  for (const [name, document] of documents) {
    const provider = railwayProvider();
    const fresh = Array.from({ length: count + 200 }, (_, index) =>
      message(commented(document(`new-${index}`), index)),
    );
    const others = Array.from({ length: count + 200 }, (_, index) => message(document(`other-${index}`)));
    const known = message(document('known'));
    const reads = (one: HttpMessage | undefined): void => {
      if (one !== undefined) provider.read(one);
    };
    const unseen = times(count, (index) => reads(fresh[index]));
    // A document whose values stand in its text is new each time.
    const varied = document('').variables === undefined ? [] : times(count, (index) => reads(others[index]));
    const seen = times(count, () => reads(known));
    const part = `reading, ${name}`;
    figures.push(
      { part, name: 'new document, median', value: quantile(unseen, 0.5), unit: 'µs', atMost: 1000 },
      { part, name: 'new document, p99', value: quantile(unseen, 0.99), unit: 'µs' },
      ...(varied.length === 0
        ? []
        : [{ part, name: 'new variables, median', value: quantile(varied, 0.5), unit: 'µs', atMost: 100 }]),
      { part, name: 'seen before, median', value: quantile(seen, 0.5), unit: 'µs', atMost: 100 },
      { part, name: 'seen before, p99', value: quantile(seen, 0.99), unit: 'µs' },
    );
  }
  return figures;
}

if (import.meta.main) {
  for (const { part, name, value, unit } of benchGraphql())
    console.log(`${part.padEnd(28)} ${name.padEnd(22)} ${value.toFixed(1)} ${unit}`);
}
