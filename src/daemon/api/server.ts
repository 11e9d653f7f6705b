import { serve, type HttpBindings, type ServerType } from '@hono/node-server';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { actRoutes } from './acts.ts';
import { backupRoutes } from './backups.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { doctorRoutes } from './doctor.ts';
import { eventRoutes } from './events.ts';
import { explainRoutes } from './explain.ts';
import { freezeRoutes } from './freeze.ts';
import { holdRoutes, verdictRoutes } from './holds.ts';
import { keepRoutes } from './keep.ts';
import { journalRoutes } from './journal.ts';
import { openApiDocument } from './openapi.ts';
import { problem } from './problem.ts';
import { recordRoutes } from './records.ts';
import type { ApiSeen } from './refusals.ts';
import { replayRoutes } from './replay.ts';
import { tokenRoutes } from './tokens.ts';
import { undoRoutes } from './undo.ts';
import { peerReader } from '../../gates/http/peer.ts';
import type { Bearer } from '../../contract/road.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * The daemon's API: what the command line and the console use. Every route wants a token, but for health, this API's document, and the
 * enrolment of the first signer, which wants the one-time code.
 */
export function apiApp(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.use(ownHost(parts.hosts));
  app.use(
    bodyLimit({
      maxSize: 1 << 20,
      onError: () => {
        throw refuse('BAD_REQUEST', 'the body is larger than 1 MiB');
      },
    }),
  );
  app.get('/v1/health', (c) => c.json({ ok: parts.journal.healthy }, parts.journal.healthy ? 200 : 503));
  app.get('/openapi.json', (c) => c.json(openApiDocument()));
  app.use('/v1/*', identified(parts));
  app.use('/v1/*', bounded());
  for (const routes of [
    holdRoutes,
    verdictRoutes,
    actRoutes,
    recordRoutes,
    tokenRoutes,
    freezeRoutes,
    replayRoutes,
    keepRoutes,
    journalRoutes,
    undoRoutes,
    backupRoutes,
    explainRoutes,
    eventRoutes,
    doctorRoutes,
  ])
    app.route('/', routes(parts));
  app.notFound(async (c) => {
    const thrown = refuse('BAD_REQUEST', `there is no ${c.req.method} ${c.req.path}`, 'see /openapi.json');
    return problem(c, await parts.refusals.refused(thrown, seenIn(c)));
  });
  app.onError(async (error, c) => problem(c, await parts.refusals.refused(error, seenIn(c))));
  return app;
}

export async function listen(
  parts: ApiParts,
  host: string,
  port: number,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const app = apiApp(parts);
  const { promise, resolve } = Promise.withResolvers<ServerType>();
  const server = serve({ fetch: app.fetch, hostname: host, port }, () => resolve(server));
  await promise;
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    address: `http://localhost:${bound}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** Who asked for what, for the journal should it be refused. */
function seenIn(c: Context<ApiVariables>): ApiSeen {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  // Unset until a token was taken.
  const bearer = c.get('bearer') as Bearer | undefined;
  return {
    method: c.req.method,
    path: c.req.path,
    peer: incoming?.socket.remoteAddress ?? '',
    isNoted: bearer === undefined && c.req.header('authorization')?.startsWith('Bearer ') === true,
    ...(bearer === undefined ? {} : { bearer }),
  };
}

/** Against rebinding: our own names only, and nothing that a browser sends from another page. */
function ownHost(hosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const host = (c.req.header('host') ?? '').replace(/:\d+$/, '');
    if (!hosts.includes(host))
      throw refuse('BAD_REQUEST', `\`${host.slice(0, 100)}\` is not a name of this daemon`, 'use http://localhost');
    if (c.req.header('origin') !== undefined)
      throw refuse('BAD_REQUEST', 'requests from web pages are refused', 'use the command line');
    return next();
  };
}

function identified(parts: ApiParts): MiddlewareHandler<ApiVariables> {
  const peerOf = peerReader();
  return async (c, next) => {
    if (c.req.path === '/v1/signers/first') return next();
    const presented = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (presented === undefined)
      throw refuse(
        'BAD_TOKEN',
        'the API wants a token',
        'set HOLDPOINT_TOKEN, or run as the account that `holdpoint up` told you',
      );
    const { incoming } = c.env as HttpBindings;
    c.set('bearer', await parts.identify(presented, await peerOf(incoming.socket)));
    return next();
  };
}

/** Requests of one agent or job that are open at once. */
const openAtMost = 16;

/** Everybody is answered by one process: a crowd of an agent's would keep a human's freeze from being heard. */
function bounded(): MiddlewareHandler<ApiVariables> {
  const open = new Map<string, number>();
  return async (c, next) => {
    // Unset for the enrolment of the first signer.
    const principal = (c.get('bearer') as Bearer | undefined)?.principal;
    if (principal === undefined || principal.kind === 'human') return next();
    const count = (open.get(principal.id) ?? 0) + 1;
    if (count > openAtMost)
      throw refuse(
        'UNAVAILABLE',
        `${principal.name} has ${openAtMost} requests open already`,
        'wait for their answers',
      );
    open.set(principal.id, count);
    try {
      await next();
    } finally {
      const left = (open.get(principal.id) ?? 1) - 1;
      if (left > 0) open.set(principal.id, left);
      else open.delete(principal.id);
    }
  };
}
