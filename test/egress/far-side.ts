import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A host somewhere else that serves a git repository and an npm package, and remembers what it was asked. */
export interface FarSide {
  readonly port: number;
  /** `GET /repo.git/info/refs`, in order. */
  readonly asked: readonly string[];
  /** Everything that came in headers. */
  readonly headers: readonly string[];
  /** Hash that a branch of the repository stands at. */
  head(branch: string): string;
  close(): Promise<void>;
}

export async function openFarSide(folder: string): Promise<FarSide> {
  const root = join(folder, 'far');
  mkdirSync(root);
  const git = (...args: string[]): string => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
  git('init', '-q', '--bare', '-b', 'main', 'repo.git');
  // The double would take a push from anybody: that nothing is pushed has to be the gate's doing.
  git('-C', 'repo.git', 'config', 'http.receivepack', 'true');
  git('init', '-q', '-b', 'main', 'work');
  writeFileSync(join(root, 'work', 'README'), 'read me\n');
  const who = ['-c', 'user.name=far', '-c', 'user.email=far@far.test'];
  git('-C', 'work', 'add', '.');
  git('-C', 'work', ...who, 'commit', '-q', '-m', 'one');
  git('-C', 'work', 'push', '-q', '../repo.git', 'main');
  const asked: string[] = [];
  const headers: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.rawHeaders.join(' '));
    if (request.url?.startsWith('/repo.git/') === true) serveGit(root, request, response);
    else servePackage(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    headers,
    head: (branch) => git('-C', 'repo.git', 'rev-parse', branch),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** git's own server, as a CGI program (git-http-backend(1)). */
function serveGit(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.once('close', () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf('\r\n\r\n');
    const lines = all.toString('latin1', 0, end).split('\r\n');
    const pairs = lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 2),
    ]);
    const status = pairs.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(Number(status.slice(0, 3)), pairs.filter(([name]) => name !== 'Status').flat());
    response.end(all.subarray(end + 4));
  });
}

function servePackage(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== '/@far%2fside') {
    response.writeHead(404).end();
    return;
  }
  const version = {
    name: '@far/side',
    version: '1.2.3',
    dist: { tarball: 'https://far.test/side.tgz', shasum: '0'.repeat(40) },
  };
  const document = { name: '@far/side', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
}
