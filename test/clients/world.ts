import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { startDouble } from '../../demo/railway/double.ts';
import { throwawayAuthority } from '../../src/upstream/dial/certificates.fixture.ts';
import { openFarSide } from '../egress/far-side.ts';
import { openPostgres } from '../postgres/server.ts';
import { githubApi, npmRegistry } from './registry.ts';

/**
 * A machine's view of the world in which the real host names stand for servers of ours: a network namespace with nothing
 * but loopback, to which public addresses lead, and a hosts file of its own. It is a process of its own because a namespace
 * is entered by a process. What it holds is asked over its channel.
 */

/** Addresses are the hosts' own, or near them: the gate dials none that is private. */
const hosts: { readonly [host: string]: string } = {
  'backboard.railway.com': '66.33.22.1',
  'registry.npmjs.org': '104.16.0.34',
  'github.com': '140.82.112.3',
  'api.github.com': '140.82.112.6',
};

/** What the other process is told when everything stands. */
export interface WorldReady {
  readonly authority: string;
  readonly ids: {
    readonly project: string;
    readonly volume: string;
    readonly production: string;
    readonly staging: string;
    readonly service: string;
  };
  readonly accountToken: string;
  readonly postgresPort: number;
}

/** What can be asked of it. */
export interface WorldQuestions {
  /** Mutations that Railway's double carried out, in order. */
  mutations(): readonly string[];
  /** Whether the volume and production are still there. */
  railway(): readonly string[];
  /** Rows that the database answers with. */
  query(text: string): Promise<readonly unknown[]>;
  npm(): { readonly asked: readonly string[]; readonly headers: readonly string[]; readonly left: readonly string[] };
  github(): {
    readonly asked: readonly string[];
    readonly headers: readonly string[];
    readonly left: readonly string[];
  };
  git(): { readonly asked: readonly string[]; readonly headers: readonly string[]; readonly head: string };
}

function tool(program: string, ...args: readonly string[]): void {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`);
}

function nameHosts(folder: string): void {
  tool('ip', 'link', 'set', 'lo', 'up');
  // A route, and no address of the interface: what the machine calls its own, the gate counts as private.
  for (const address of Object.values(hosts)) tool('ip', 'route', 'add', 'local', `${address}/32`, 'dev', 'lo');
  const file = join(folder, 'hosts');
  const lines = Object.entries(hosts).map(([host, address]) => `${address} ${host}`);
  writeFileSync(file, ['127.0.0.1 localhost', ...lines, ''].join('\n'));
  tool('mount', '--bind', file, '/etc/hosts');
}

async function listen(serve: RequestListener): Promise<number> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Port 443 of every host: TLS under its name, the bytes inside passed to the server that plays it. */
async function openFront(ports: { readonly [host: string]: number }): Promise<string> {
  const authority = await throwawayAuthority();
  for (const [host, port] of Object.entries(ports)) {
    const { key, cert } = await authority.identity([{ type: 'dns', value: host }]);
    const server = createTlsServer({ key, cert, ALPNProtocols: ['http/1.1'] });
    server.on('secureConnection', (outer) => {
      const inner = connect(port, '127.0.0.1');
      for (const one of [inner, outer]) one.on('error', () => [inner, outer].forEach((each) => each.destroy()));
      outer.pipe(inner).pipe(outer);
    });
    await new Promise<void>((resolve) => server.listen(443, hosts[host], resolve));
  }
  return authority.pem;
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  nameHosts(folder);
  const [double, postgres, git] = await Promise.all([startDouble(), openPostgres(), openFarSide(folder)]);
  await postgres.query(
    "create role agent login password 'secret'; create table bookings (id int primary key, who text)",
  );
  await postgres.query(
    "alter table bookings owner to agent; insert into bookings select g, 'guest ' || g from generate_series(1, 40) g",
  );
  const [npm, github] = [npmRegistry(folder), githubApi()];
  const authority = await openFront({
    'backboard.railway.com': double.port,
    'registry.npmjs.org': await listen(npm.serve),
    'github.com': git.port,
    'api.github.com': await listen(github.serve),
  });
  const questions: WorldQuestions = {
    mutations: () =>
      double.log.flatMap((one) => (one.kind === 'operation' && one.type === 'mutation' && one.ok ? [one.name] : [])),
    railway: () => [
      double.state.find('volumes', { id: double.ids.volume }) === undefined ? 'volume gone' : 'volume',
      double.state.find('environments', { id: double.ids.environments.production }) === undefined
        ? 'production gone'
        : 'production',
    ],
    query: async (text) => (await postgres.query(text)).rows,
    npm: () => ({ asked: npm.asked, headers: npm.headers, left: npm.left() }),
    github: () => ({ asked: github.asked, headers: github.headers, left: github.left() }),
    git: () => ({ asked: git.asked, headers: git.headers, head: git.head('main') }),
  };
  process.on('message', ({ id, what, text }: { id: number; what: keyof WorldQuestions; text: string }) => {
    Promise.resolve(questions[what](text)).then(
      (value) => process.send?.({ id, value }),
      (cause: unknown) => process.send?.({ id, failed: String(cause) }),
    );
  });
  process.once('disconnect', () => {
    void Promise.allSettled([double.stop(), postgres.stop(), git.close()]).then(() => process.exit(0));
  });
  const ids = {
    project: double.ids.project,
    volume: double.ids.volume,
    production: double.ids.environments.production,
    staging: double.ids.environments.staging,
    service: double.ids.services.counter,
  };
  process.send?.({
    ready: { authority, ids, accountToken: double.tokens.account, postgresPort: postgres.port } satisfies WorldReady,
  });
}

main(process.argv[2] ?? '').catch((cause: unknown) => {
  process.send?.({ broken: String(cause) });
  process.exitCode = 1;
});
