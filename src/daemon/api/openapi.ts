import { actKinds } from '../../model/act.ts';

/** Every route of the API, with who may call it; the document is built from this table. */
const routes: readonly (readonly [
  method: 'get' | 'post',
  path: string,
  who: 'anyone' | 'token' | 'human',
  what: string,
])[] = [
  ['get', '/v1/health', 'anyone', 'Whether the journal can be written; 503 when not.'],
  ['post', '/v1/signers/first', 'anyone', 'Enrol the first signer with the one-time code: `{code, name, publicKey}`.'],
  [
    'get',
    '/v1/whoami',
    'token',
    'The principal and scope of the presented token, and the upstreams in its environments.',
  ],
  ['get', '/v1/status', 'human', 'Tier, addresses, journal, holds, environments, upstreams, what is not covered.'],
  ['get', '/v1/holds', 'human', 'Holds, newest first; `?state=`.'],
  [
    'get',
    '/v1/holds/{id}',
    'token',
    'One hold by id or code: whole for humans, its state for the agent it belongs to.',
  ],
  ['get', '/v1/holds/{id}/wait', 'token', 'Waits up to `?seconds=` (60 at most) for it to leave `waiting`.'],
  ['post', '/v1/holds/{id}/run', 'token', 'Sends the frozen Plan of an approved hold.'],
  ['post', '/v1/holds/{id}/withdraw', 'token', 'By the principal alone.'],
  ['post', '/v1/holds/{id}/approve', 'human', 'An Approval: `{statement, signature}`.'],
  ['post', '/v1/holds/{id}/deny', 'human', 'A signed denial, or `{note}`. Locks the goal for that agent.'],
  ['post', '/v1/holds/{id}/cancel', 'human', 'Stops a scheduled or approved one.'],
  ['get', '/v1/locks', 'human', 'Goal locks.'],
  ['post', '/v1/acts', 'human', `A signed act that widens power: ${actKinds.join(', ')}.`],
  ['get', '/v1/tokens', 'human', 'Tokens, never their secrets.'],
  ['post', '/v1/tokens/{id}/revoke', 'human', 'At once, at every door.'],
  ['get', '/v1/vault', 'human', 'Vault entries, never their secrets.'],
  ['get', '/v1/vault/{name}/reach', 'human', 'What a kept credential can do, asked of its provider by reads alone.'],
  ['post', '/v1/reach', 'human', 'The same of one that is not kept: `{name, provider, secret, kind?, standsIn?}`.'],
  ['post', '/v1/moves', 'human', 'Before a kept credential is taken out of one more file: `{move, secret}`.'],
  ['get', '/v1/moves', 'human', 'Credentials that were moved out of files, never their secrets.'],
  ['get', '/v1/signers', 'human', 'Enrolled signers.'],
  ['get', '/v1/policy', 'human', 'The policy and configuration in force.'],
  [
    'post',
    '/v1/policy/replay',
    'human',
    'Which past decisions a proposal would change: `{text, policies, kind, since, before}`.',
  ],
  ['get', '/v1/freeze', 'token', 'Whether agents are stopped.'],
  ['post', '/v1/freeze', 'human', 'Stops every agent write at every door, or one agent’s: `{why, agent?}`.'],
  ['get', '/v1/undo', 'human', 'Before-images; `?agent=&environment=&state=`.'],
  [
    'get',
    '/v1/undo-plan',
    'human',
    'One plan for the undo of several, newest first: `?image=`, `?entry=`, `?hold=`, or `?agent=&since=&environment=`.',
  ],
  ['get', '/v1/undo/{id}', 'human', 'What putting one back would do, or with `?toSchema=` putting its rows beside.'],
  [
    'post',
    '/v1/undo/{id}',
    'human',
    'Puts it back: `{overConflicts}`; or with `{toSchema}` its rows into new tables of that schema, and touches nothing else.',
  ],
  ['get', '/v1/backups', 'human', 'Copies of databases: the newest, where, the last good drill, and what is wrong.'],
  ['get', '/v1/backups/{name}', 'human', 'One of them, with every copy and every drill.'],
  ['get', '/v1/backups/{name}/kit', 'human', 'Public facts by which it is found, judged and restored without us.'],
  [
    'post',
    '/v1/backups/{name}/now',
    'human',
    'A copy now: JSON lines of how far it is, and last the copy or a refusal.',
  ],
  ['post', '/v1/backups/probe', 'human', '`{stores}`: tries by our own credential to destroy what it puts there.'],
  ['post', '/v1/drills', 'human', 'What the drill runner found, as it signed it.'],
  ['get', '/v1/journal', 'human', 'Entries; `?hold=&kind=&limit=`.'],
  ['get', '/v1/journal/entries/{index}', 'human', 'One entry, by its number.'],
  ['get', '/v1/journal/checkpoint', 'human', 'The latest signed checkpoint and the key that verifies it.'],
  ['get', '/v1/journal/export', 'human', 'The whole journal as NDJSON, for an independent verifier.'],
  ['get', '/v1/events', 'human', 'Server-sent events: `alarm`, and a `beat` every five seconds.'],
  ['post', '/v1/doctor/proof', 'human', 'What `doctor --attack` tried: judged, journaled, printed from then on.'],
  ['post', '/v1/doctor/kept', 'human', 'Which of these texts the vault keeps: `{texts}`, by index.'],
  ['post', '/v1/explain', 'token', 'What a text would do and why: `{about, text, variables}`.'],
];

/** OpenAPI 3.1 document of the daemon's API. */
export function openApiDocument(): object {
  const paths: { [path: string]: { [method: string]: object } } = {};
  for (const [method, path, who, what] of routes) {
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => ({
      name: match[1],
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    paths[path] = {
      ...paths[path],
      [method]: {
        summary: what,
        ...(parameters.length === 0 ? {} : { parameters }),
        security: who === 'anyone' ? [] : [{ [who]: [] }],
        responses: {
          '200': { description: 'as the summary says' },
          default: {
            description: 'a refusal',
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'holdpoint',
      version: '1',
      description: 'The API of the holdpoint daemon. Loopback only; the token is the caller.',
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        human: { type: 'http', scheme: 'bearer', description: 'a token of kind human' },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['code', 'detail', 'hint'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string' },
            detail: { type: 'string' },
            hint: { type: 'string' },
            hold: { type: 'string' },
            reasons: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    },
  };
}

export const apiRoutes = routes;
