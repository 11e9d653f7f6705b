import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateVariables } from '../../src/cli/exec/way-out.ts';
import {
  type ClientStage,
  need,
  openClientStage,
  programMissing,
  pythonWith,
  type Ran,
  worldMissing,
} from './stage.ts';

/** Each client is the real program (Railway's apart, which says so), run by `holdpoint exec` against servers of ours under the real host names. */
let stage: ClientStage;
const noWorld = worldMissing();

beforeAll(async () => {
  if (noWorld === undefined) stage = await openClientStage();
}, 240_000);
afterAll(() => stage?.close(), 60_000);

const long = 240_000;
const endpoint = 'https://backboard.railway.com/graphql/v2';
/** The whole of it: what would happen, that nothing did, what to do now, and how it goes on. */
const heldAs = (operation: string): RegExp =>
  new RegExp(
    `HELD (hp_[0-9A-Z]{6}): this would run \`${operation}\`.*Nothing was done.*[Ss]top here; tell the person you work for.*do not try another way; after approval: holdpoint run \\1`,
    's',
  );
/** As a program that a person told of no certificate, and as one that was told of no proxy. */
const untold = `env ${certificateVariables.map((name) => `-u ${name}`).join(' ')}`;
const unproxied = 'env -u HTTPS_PROXY -u https_proxy';

interface HttpClient {
  readonly name: string;
  readonly missing: () => string | undefined;
  /** Posts a body to Railway with the token that the environment holds. */
  readonly post: (body: string) => string;
  /** What it says of a certificate that it does not trust. */
  readonly distrusts: RegExp;
  /** What it says when Railway does not take its token. */
  readonly unauthorized: RegExp;
}

const python = (module: string): string => pythonWith(module) ?? 'python3';
const noPython = (module: string): string | undefined =>
  pythonWith(module) === undefined ? `no Python here has \`${module}\`` : undefined;

const httpClients: readonly HttpClient[] = [
  {
    name: 'curl',
    missing: () => programMissing('curl'),
    post: (body) =>
      `curl -sS ${endpoint} -H "Authorization: Bearer $RAILWAY_TOKEN" -H 'Content-Type: application/json' -d @${body}`,
    distrusts: /SSL certificate problem/,
    unauthorized: /"Not Authorized"/,
  },
  {
    name: 'Node’s fetch',
    missing: () => undefined,
    post: (body) => `node $PROGRAMS/fetch.ts ${endpoint} ${body}`,
    distrusts: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|SELF_SIGNED/,
    unauthorized: /"Not Authorized"/,
  },
  {
    name: 'Python requests',
    missing: () => noPython('requests'),
    post: (body) => `${python('requests')} $PROGRAMS/with_requests.py ${endpoint} ${body}`,
    distrusts: /CERTIFICATE_VERIFY_FAILED/,
    unauthorized: /"Not Authorized"/,
  },
  {
    name: 'Python httpx',
    missing: () => noPython('httpx'),
    post: (body) => `${python('httpx')} $PROGRAMS/with_httpx.py ${endpoint} ${body}`,
    distrusts: /CERTIFICATE_VERIFY_FAILED/,
    unauthorized: /"Not Authorized"/,
  },
  {
    name: 'gh api',
    missing: () => programMissing('gh'),
    // gh asks for a log-in of its own before it does anything; the header is what goes to Railway.
    post: (body) =>
      `GH_TOKEN=none gh api ${endpoint} -H "Authorization: Bearer $RAILWAY_TOKEN" -H 'Content-Type: application/json' --input ${body}`,
    distrusts: /x509: certificate signed by unknown authority/,
    unauthorized: /"Not Authorized"/,
  },
  {
    name: 'a stand-in for Railway’s command line',
    missing: () => undefined,
    post: (body) => `node $PROGRAMS/railway-stand-in.ts ${body}`,
    distrusts: /^Failed to fetch/m,
    unauthorized: /^Unauthorized\. Please login with `railway login`$/m,
  },
];

interface Bodies {
  readonly read: string;
  readonly s1: string;
  readonly s4: string;
  readonly s15: string;
}

function bodies(): Bodies {
  const { volume, project, production, service } = stage.ready.ids;
  const input = {
    projectId: project,
    environmentId: production,
    serviceId: service,
    name: 'DATABASE_URL',
    value: 'postgres://elsewhere',
  };
  return {
    read: stage.body('read', 'query { projects { edges { node { name } } } }'),
    s1: stage.body('s1', `mutation { volumeDelete(volumeId: "${volume}") }`),
    s4: stage.body('s4', 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }', { input }),
    s15: stage.body('s15', 'mutation ($id: String!) { environmentDelete(id: $id) }', { id: production }),
  };
}

async function railwayIsWhole(): Promise<void> {
  expect(await stage.world.mutations()).toEqual([]);
  expect(await stage.world.railway()).toEqual(['volume', 'production']);
}

describe('Railway by every client', () => {
  test.for(httpClients)(
    'C1 K4 S1 S4 S15: $name reads as ever; what destroys is held, and says so; round the gate nothing opens',
    { timeout: long },
    async ({ missing, post, distrusts, unauthorized }, context) => {
      need(context, noWorld, missing());
      const { read, s1, s4, s15 } = bodies();
      const ran = await stage.through('cursor', {
        read: post(read),
        s1: post(s1),
        s4: post(s4),
        s15: post(s15),
        round: `${unproxied} ${asCommand(post(s1))}`,
        distrusting: `${untold} ${asCommand(post(s1))}`,
      });
      expect(ran.exec.code, ran.exec.said).toBe(0);
      expect([ran.read.code, ran.read.said]).toEqual([0, expect.stringContaining('"name":"pocketos"')]);
      expect(ran.s1.said).toMatch(heldAs('railway:volumeDelete'));
      expect(ran.s4.said).toMatch(heldAs('railway:variableUpsert'));
      expect(ran.s15.said).toMatch(heldAs('railway:environmentDelete'));
      // Past the proxy there is only the agent token, which is worth nothing there.
      expect(ran.round.said).toMatch(unauthorized);
      expect(ran.distrusting.said).toMatch(distrusts);
      await railwayIsWhole();
    },
  );

  test(
    'C2 E1 S1: a token for domains is no token for volumes, whichever program holds it',
    async (context) => {
      need(context, noWorld, ...httpClients.map((one) => one.missing()));
      const { s1, s15 } = bodies();
      const commands = httpClients.flatMap(({ post }, at): [string, string][] => [
        [`volume${at}`, post(s1)],
        [`environment${at}`, post(s15)],
      ]);
      const ran: { readonly [name: string]: Ran } = await stage.through('domains', Object.fromEntries(commands));
      for (const [name] of commands) expect(ran[name]?.said, name).toMatch(/DENIED.*is outside it.*[Ss]top here/s);
      await railwayIsWhole();
    },
    long,
  );

  test(
    'F1 S1: a client that checks no certificate is held all the same',
    async (context) => {
      need(context, noWorld, programMissing('curl'));
      const { s1 } = bodies();
      const [curl, fetch] = httpClients;
      const ran = await stage.through('cursor', {
        curl: `${untold} ${(curl?.post(s1) ?? '').replace('curl ', 'curl --insecure ')}`,
        fetch: `${untold} NODE_TLS_REJECT_UNAUTHORIZED=0 ${fetch?.post(s1) ?? ''}`,
      });
      expect(ran.curl.said).toMatch(heldAs('railway:volumeDelete'));
      expect(ran.fetch.said).toMatch(heldAs('railway:volumeDelete'));
      await railwayIsWhole();
    },
    long,
  );
});

/** `NAME=value program` as something that `env` can start. */
function asCommand(command: string): string {
  return /^[A-Z_]+=/.test(command) ? `env ${command}` : command;
}

describe('hosts that are read', () => {
  test(
    'C1 K2: git clones and fetches; a push is refused in its own output, and the branch stands',
    async (context) => {
      need(context, noWorld, programMissing('git'));
      const { head } = await stage.world.git();
      const who = '-c user.name=agent -c user.email=agent@agent.test';
      const ran = await stage.through('cursor', {
        clone: 'git clone https://github.com/repo.git && cat repo/README',
        push: `cd repo && git ${who} commit --quiet --allow-empty -m two && git push --force origin main`,
        remove: 'git -C repo push origin :main',
        fetch: 'git -C repo fetch',
        unlisted: 'git clone https://gitlab.com/repo.git other',
        distrusting: `${untold} git ls-remote https://github.com/repo.git`,
      });
      expect(ran.clone).toEqual({ code: 0, said: expect.stringContaining('read me') });
      expect(ran.fetch.code).toBe(0);
      for (const one of [ran.push, ran.remove]) {
        expect(one.code).toBe(128);
        expect(one.said).toMatch(/remote: DENIED: a push by git to `github\.com` is not passed on.*Stop here/s);
      }
      // Of a refused CONNECT git shows the status and nothing else.
      expect(ran.unlisted).toEqual({ code: 128, said: expect.stringContaining('403') });
      expect(ran.distrusting.said).toContain('server certificate verification failed');
      const git = await stage.world.git();
      expect(git.head).toBe(head);
      expect(git.asked.filter((one) => one.includes('receive-pack'))).toEqual([]);
      expect(git.headers.join('\n')).not.toMatch(/hpa_|authorization/i);
    },
    long,
  );

  test(
    'C1 K2: npm installs; publishing and unpublishing are refused in its own output, and the package stays',
    async (context) => {
      need(context, noWorld, programMissing('npm'));
      const cache = '--cache ./cache --fetch-retries 0';
      const signedIn = "env 'npm_config_//registry.npmjs.org/:_authToken=npm_q7Zt9Kx2mWpL4vB8'";
      const ran = await stage.through('cursor', {
        install: `npm install ${cache} --prefix . left-side && node -p "require('left-side')"`,
        publish: `cd node_modules/left-side && ${signedIn} npm publish ${cache}`,
        unpublish: `${signedIn} npm unpublish --force ${cache} left-side`,
        audit: `npm audit ${cache}`,
        distrusting: `${untold} npm view --cache ./other --fetch-retries 0 left-side version`,
      });
      expect(ran.install).toEqual({ code: 0, said: expect.stringMatching(/added 1 package[^]*left$/m) });
      expect(ran.publish.code).not.toBe(0);
      expect(ran.publish.said).toMatch(/a PUT request to `registry\.npmjs\.org` is not passed on.*stop here/s);
      // It asks by POST: what is read that way is not told from what is written.
      expect(ran.audit).toEqual({ code: 1, said: expect.stringContaining('a POST request to `registry.npmjs.org`') });
      // It signs in already when it looks: that credential goes nowhere, and a person is told of it.
      expect(ran.unpublish.said).toMatch(/EXPOSED_CREDENTIAL.*was not passed on.*stop here/s);
      expect(ran.unpublish.said).not.toContain('q7Zt9Kx2mWpL4vB8');
      expect(ran.distrusting.said).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/);
      const npm = await stage.world.npm();
      expect(npm.left).toEqual(['left-side']);
      expect(npm.asked.filter((one) => !one.startsWith('GET '))).toEqual([]);
      expect(npm.headers.join('\n')).not.toMatch(/hpa_|authorization/i);
    },
    long,
  );
});

describe('hosts that are not on the list', () => {
  test(
    'E3: what shows more than a status shows what to do now',
    async (context) => {
      need(context, noWorld, ...httpClients.map((one) => one.missing()), programMissing('npm'));
      const elsewhere = (command: string): string => command.replace(endpoint, 'https://gitlab.com/x');
      const { read } = bodies();
      const [curl, fetch, requests, httpx, gh] = httpClients.map(({ post }) => elsewhere(post(read)));
      const ran = await stage.through('cursor', {
        requests: requests ?? '',
        httpx: httpx ?? '',
        gh: gh ?? '',
        npm: 'npm view --fetch-retries 0 --cache ./cache --registry https://gitlab.com/ x',
        curl: curl ?? '',
        fetch: fetch ?? '',
      });
      for (const one of [ran.requests, ran.httpx, ran.gh, ran.npm]) {
        expect(one.code).not.toBe(0);
        expect(one.said).toMatch(/DENIED.*`gitlab\.com` is not on the list of hosts.*[Ss]top here; ask the person/s);
      }
      expect(ran.curl).toEqual({ code: 56, said: expect.stringContaining('CONNECT tunnel failed, response 403') });
      expect(ran.fetch).toEqual({ code: 1, said: expect.stringContaining('fetch failed') });
    },
    long,
  );
});

const inDatabase = async (): Promise<unknown> =>
  (await stage.world.query('select count(*)::int as n from bookings'))[0];

describe('PostgreSQL', () => {
  const node = (statement: string): string => `node $PROGRAMS/node-postgres.ts '${statement}'`;
  const clients = [
    {
      name: 'psql',
      missing: () => programMissing('psql'),
      ask: (text: string) => `psql -XAt -c '${text}'`,
      reads: '40',
    },
    { name: 'node-postgres', missing: () => undefined, ask: node, reads: '[{"count":"40"}]' },
  ];
  test.for(clients)(
    'C1 K4 S4 S5: $name reads by DATABASE_URL; DROP and an unbounded DELETE are held, and say so; past the gate nothing opens',
    { timeout: long },
    async ({ missing, ask, reads }, context) => {
      need(context, noWorld, missing());
      const past = `PGPORT=${stage.ready.postgresPort}`;
      const real = `postgres://cursor:$PGPASSWORD@127.0.0.1:${stage.ready.postgresPort}/postgres`;
      const ran = await stage.through('cursor', {
        read: ask('select count(*) from bookings'),
        drop: ask('drop table bookings'),
        empty: ask('delete from bookings'),
        past: `env ${past} DATABASE_URL="${real}" PGDATABASE=postgres ${ask('drop table bookings')}`,
        // The server's own password, were it found, is none at the gate.
        found: `env PGUSER=agent PGPASSWORD=secret DATABASE_URL="postgres://agent:secret@$PGHOST:$PGPORT/pg-staging" ${ask('drop table bookings')}`,
      });
      expect(ran.exec.said).toContain('DATABASE_URL and PGHOST lead to pg-staging (staging)');
      expect([ran.read.code, ran.read.said.trim()]).toEqual([0, reads]);
      expect(ran.drop.said).toMatch(heldAs('postgres:drop-table'));
      expect(ran.empty.said).toMatch(heldAs('postgres:delete'));
      for (const one of [ran.drop, ran.empty, ran.past, ran.found]) expect(one.code).not.toBe(0);
      expect(ran.past.said).toContain('password authentication failed for user "cursor"');
      expect(ran.found.said).toMatch(/BAD_TOKEN|28P01/);
      expect(await inDatabase()).toEqual({ n: 40 });
    },
  );
});

describe('the environment', () => {
  const own = {
    RAILWAY_TOKEN: '3f2b8c1e-7a4d-4e9b-9c5a-1d6f0e8b7a2c',
    GH_TOKEN: 'ghp_q7Zt9Kx2mWpL4vB8cN3dF6gH1jK5sA0yQ2wE',
    DATABASE_URL: 'postgres://app:q7Zt9Kx2mW@db.internal/app',
    BILLING: 'rk_live_51Habcdefq9dj2k3l4m5n6p7q8',
    ALL_PROXY: 'socks5://127.0.0.1:9',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    EDITOR: 'vi',
  };
  const secret = /3f2b8c1e|q7Zt9Kx2mW|rk_live_51H/;

  test(
    'C1: nothing of the person’s gets through, its names are said, and `--keep` is heard',
    async (context) => {
      need(context, noWorld);
      const ran = await stage.through('cursor', { all: 'env' }, { env: own });
      expect(ran.all.said).not.toMatch(secret);
      expect(ran.all.said).toMatch(/^EDITOR=vi$/m);
      expect(ran.all.said).toMatch(/^DATABASE_URL=postgres:\/\/cursor:hpa_/m);
      expect(ran.exec.said).not.toMatch(secret);
      expect(ran.exec.said).toContain('look like credentials: BILLING, DATABASE_URL, GH_TOKEN, RAILWAY_TOKEN');
      expect(ran.exec.said).toContain('they lead round the gate: ALL_PROXY, NODE_TLS_REJECT_UNAUTHORIZED');
      const kept = await stage.through('cursor', { all: 'env' }, { env: own, exec: ['--keep', 'GH_TOKEN'] });
      expect(kept.all.said).toContain(`GH_TOKEN=${own.GH_TOKEN}`);
      const never = await stage.through('cursor', { all: 'env' }, { env: own, exec: ['--keep', 'RAILWAY_TOKEN'] });
      expect([never.exec.code, never.exec.said]).toEqual([2, expect.stringContaining('cannot be kept')]);
      expect(never.all.code).toBeNull();
    },
    long,
  );

  test(
    'E1: a token that is for no database is given none',
    async (context) => {
      need(context, noWorld);
      const ran = await stage.through('domains', { all: 'env' });
      expect(ran.all.said).not.toMatch(/^(?:DATABASE_URL|PG\w+)=/m);
      const asked = await stage.through('domains', { all: 'env' }, { exec: ['--database', 'pg-staging'] });
      expect([asked.exec.code, asked.all.code]).toEqual([2, null]);
      expect(asked.exec.said).toContain('this token reaches no database `pg-staging`');
    },
    long,
  );
});

// Last, since it changes what may leave.
describe('gh at GitHub', () => {
  test(
    'C1 C3: of a listed host it reads nothing, since it never asks without a credential',
    async (context) => {
      need(context, noWorld, programMissing('gh'));
      const ran = await stage.through('cursor', {
        anonymous: 'gh api repos/acme/pocketos',
        signedIn: 'GH_TOKEN=ghp_q7Zt9Kx2mWpL4vB8cN3dF6gH1jK5sA0yQ2wE gh api -X DELETE repos/acme/pocketos',
      });
      expect(ran.anonymous).toEqual({ code: 4, said: expect.stringContaining('gh auth login') });
      expect(ran.signedIn.said).toMatch(/DENIED|EXPOSED_CREDENTIAL/);
      expect(ran.signedIn.said).toContain('stop here');
      expect(await stage.world.github()).toMatchObject({ asked: [], left: ['acme/pocketos'] });
    },
    long,
  );

  test(
    'T0 J1: with `egress: open` and a kept token it reads as ever; nothing judges it, which is said',
    async (context) => {
      need(context, noWorld, programMissing('gh'));
      await stage.egress('open');
      const env = { GH_TOKEN: 'ghp_q7Zt9Kx2mWpL4vB8cN3dF6gH1jK5sA0yQ2wE' };
      const ran = await stage.through(
        'cursor',
        { read: 'gh api repos/acme/pocketos' },
        { env, exec: ['--keep', 'GH_TOKEN'] },
      );
      expect(ran.read).toEqual({ code: 0, said: expect.stringContaining('"full_name":"acme/pocketos"') });
      const status = await stage.holdpoint(['status']);
      expect(status.said).toContain('hosts that no provider claims are tunnelled unread');
      const journal = await stage.holdpoint(['journal', 'list', '--json']);
      expect(journal.said).toContain('api.github.com');
    },
    long,
  );
});
