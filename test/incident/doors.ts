import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Client, fetchExchange } from '@urql/core';
import { fetch as undiciFetch, ProxyAgent } from 'undici';
import type { GraphqlAnswer, Stage } from './stage.ts';

/** A way in, and a client that takes it: both are told an address and a token, as any tool is. */
export interface Door {
  readonly name: string;
  ask(token: string, query: string, variables?: Variables): Promise<GraphqlAnswer>;
}

type Variables = Readonly<Record<string, unknown>>;

const hosts = ['backboard.railway.com', 'backboard.railway.app'] as const;

/** Who stands as proxy credential, where the way in is the proxy. */
export interface ProxyUser {
  readonly name: string;
  readonly token: string;
}

/** Every way through the gate: curl and a GraphQL client library, by the base URL and, for both hosts, by the proxy. */
export function gateDoors(stage: Stage, user: ProxyUser): readonly Door[] {
  const proxy = stage.proxyFor(user.name, user.token);
  const { bundle } = stage.daemon.places;
  return [
    curlDoor('curl, base URL', stage.endpoint, {}),
    ...hosts.map((host) =>
      curlDoor(`curl, proxy, ${host}`, `https://${host}/graphql/v2`, { HTTPS_PROXY: proxy, CURL_CA_BUNDLE: bundle }),
    ),
    libraryDoor('library, base URL', stage.endpoint),
    ...hosts.map((host) => libraryDoor(`library, proxy, ${host}`, `https://${host}/graphql/v2`, { proxy, bundle })),
  ];
}

/** The same two clients with nothing between them and the provider. */
export function openDoors(stage: Stage): readonly Door[] {
  return [curlDoor('curl', stage.double.url, {}), libraryDoor('library', stage.double.url)];
}

/** The command of the incident, word for word; where it goes is a matter of its surroundings alone. */
const script =
  'curl -sS -X POST "$RAILWAY_URL" -H "Authorization: Bearer $RAILWAY_TOKEN" -H "Content-Type: application/json" -d "$BODY"';

export function curlDoor(name: string, url: string, surroundings: Readonly<Record<string, string>>): Door {
  return {
    name,
    async ask(token, query, variables) {
      const env = {
        PATH: process.env['PATH'] ?? '',
        ...surroundings,
        RAILWAY_URL: url,
        RAILWAY_TOKEN: token,
        BODY: JSON.stringify(variables === undefined ? { query } : { query, variables }),
      };
      const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
      return JSON.parse(stdout) as GraphqlAnswer;
    },
  };
}

export function libraryDoor(
  name: string,
  url: string,
  through?: { readonly proxy: string; readonly bundle: string },
): Door {
  return {
    name,
    async ask(token, query, variables = {}) {
      const agent =
        through === undefined
          ? undefined
          : new ProxyAgent({ uri: through.proxy, requestTls: { ca: await readFile(through.bundle, 'utf8') } });
      const sending = (input: unknown, init: unknown): Promise<unknown> =>
        undiciFetch(
          input as string,
          { ...(init as object), ...(agent === undefined ? {} : { dispatcher: agent }) } as never,
        );
      const client = new Client({
        url,
        exchanges: [fetchExchange],
        preferGetMethod: false,
        fetch: sending as typeof fetch,
        fetchOptions: { headers: { authorization: `Bearer ${token}` } },
      });
      try {
        const { data, error } = await (
          query.trimStart().startsWith('query') ? client.query(query, variables) : client.mutation(query, variables)
        ).toPromise();
        if (error?.networkError !== undefined) throw error.networkError;
        const errors = error?.graphQLErrors.map((one) => ({ message: one.message, extensions: one.extensions }));
        return { data: (data ?? null) as Record<string, unknown> | null, ...(errors === undefined ? {} : { errors }) };
      } finally {
        await agent?.close();
      }
    },
  };
}
