import { startDouble, type Double } from '../../demo/railway/double.ts';
import { openRig, type Rig } from '../contract/rig.ts';
import type { Asked, Bearer, Outcome } from '../../src/contract/road.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import type { Hold } from '../../src/model/hold.ts';
import type { Refusal } from '../../src/model/refusal.ts';
import { railway } from '../../src/providers/railway/index.ts';
import { mediate } from '../../src/road/mediate.ts';
import type { HttpLimits } from '../../src/upstream/http/limits.ts';
import { httpUpstream } from '../../src/upstream/http/http-upstream.ts';

/** The real road, provider and upstream before the double, without a gate: for what goes wrong beyond the road. */
export interface DoubleRig extends AsyncDisposable {
  readonly rig: Rig;
  readonly double: Double;
  readonly agent: Bearer;
  ask(query: string, variables?: object, more?: Partial<Asked>): Promise<Outcome>;
  hold(outcome: Outcome): Promise<Hold>;
  /** How often the double carried this mutation out. */
  effects(mutation: string): number;
  /** How often a request that names this mutation came in. */
  arrivals(mutation: string): number;
}

export async function openDoubleRig(
  options: { readonly limits?: Partial<HttpLimits>; readonly data?: string } = {},
): Promise<DoubleRig> {
  const double = await startDouble();
  const upstream = httpUpstream({ limits: { ...options.limits } });
  const entry = {
    provider: 'railway',
    secret: double.tokens.account,
    reach: 'all',
    address: new URL(double.url).origin,
  } as const;
  const bound = (name: 'production' | 'staging', production: boolean) => ({
    name,
    production,
    disposable: false,
    bindings: { railway: [double.ids.environments[name]] },
  });
  const rig = await openRig({
    providers: [railway],
    upstreams: [upstream],
    environments: [bound('production', true), bound('staging', false)],
    entries: {
      'railway-production': { ...entry, environment: 'production' },
      'railway-staging': { ...entry, environment: 'staging' },
    },
    ...(options.data === undefined ? {} : { data: options.data }),
  });
  const agent = await rig.bearer('cursor');
  return {
    rig,
    double,
    agent,
    ask: (query, variables, more = {}) => {
      const message = graphqlMessage(query, variables);
      const asked = {
        gate: 'http',
        bearer: agent,
        provider: railway,
        message,
        reading: railway.read(message),
        ...more,
      };
      return mediate(rig.road, asked);
    },
    async hold(outcome) {
      const hold = await rig.road.holds.find(refusalOf(outcome).hold ?? '');
      if (hold === undefined) throw new Error('there is no hold');
      return hold;
    },
    effects: (mutation) =>
      double.log.filter(
        (entry) => entry.kind === 'operation' && entry.name === mutation && entry.ok && entry.changes > 0,
      ).length,
    arrivals: (mutation) =>
      double.log.filter((entry) => entry.kind === 'request' && entry.operations.includes(mutation)).length,
    async [Symbol.asyncDispose]() {
      await rig.close();
      // Its requests may hang: the double has to go first.
      await Promise.all([double.stop(), upstream.close()]);
    },
  };
}

export function graphqlMessage(query: string, variables?: object): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: new TextEncoder().encode(JSON.stringify(variables === undefined ? { query } : { query, variables })),
  };
}

export function refusalOf(outcome: Outcome): Refusal {
  if (outcome.kind === 'done') throw new Error('it was not refused');
  return outcome.refusal;
}

export const volumeDelete = (id: string): string => `mutation { volumeDelete(volumeId: "${id}") }`;
export const upsert = 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }';

/** An ordinary, undoable change: a variable of the rental counter in staging, which deploys nothing. */
export function variable(double: Double, name: string, value: string): object {
  const { project, environments, services } = double.ids;
  const where = { projectId: project, environmentId: environments.staging, serviceId: services.counter };
  return { input: { ...where, name, value, skipDeploys: true } };
}
