import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';

/** What a service somewhere else was asked, and what of it is left. */
export interface Service {
  readonly serve: RequestListener;
  /** `GET /left-side`, in order. */
  readonly asked: string[];
  /** Everything that came in headers. */
  readonly headers: string[];
  /** Names of what it still has. */
  readonly left: () => readonly string[];
}

/** An npm registry with one package, which takes publishing and unpublishing from anybody: that nothing is lost has to be the gate's doing. */
export function npmRegistry(folder: string): Service {
  const packed = pack(folder);
  const packages = new Map([['left-side', packument(packed)]]);
  return remembering((request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    const name = path.split('/')[1] ?? '';
    if (request.method === 'PUT' || request.method === 'DELETE') {
      packages.delete(name);
      return json(response, 200, { ok: true });
    }
    if (path === '/left-side/-/left-side-1.0.0.tgz') {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': packed.length });
      response.end(packed);
      return undefined;
    }
    const document = packages.get(name);
    return document === undefined ? json(response, 404, { error: 'Not found' }) : json(response, 200, document);
  }, packages);
}

/** GitHub's REST API as far as `gh api` needs it: it deletes what it is told to. */
export function githubApi(): Service {
  const repositories = new Map([['acme/pocketos', { id: 1, full_name: 'acme/pocketos', private: false }]]);
  return remembering((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const name = path.replace(/^\/repos\//, '');
    const found = repositories.get(name);
    if (found === undefined) return json(response, 404, { message: 'Not Found' });
    if (request.method === 'DELETE') {
      repositories.delete(name);
      response.writeHead(204).end();
      return undefined;
    }
    return json(response, 200, found);
  }, repositories);
}

function remembering(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  kept: ReadonlyMap<string, unknown>,
): Service {
  const asked: string[] = [];
  const headers: string[] = [];
  return {
    asked,
    headers,
    left: () => [...kept.keys()],
    serve: (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      headers.push(request.rawHeaders.join(' '));
      request.resume();
      request.once('end', () => serve(request, response));
    },
  };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function pack(folder: string): Buffer {
  const inside = join(folder, 'registry', 'package');
  mkdirSync(inside, { recursive: true });
  writeFileSync(join(inside, 'package.json'), JSON.stringify({ name: 'left-side', version: '1.0.0' }));
  writeFileSync(join(inside, 'index.js'), "module.exports = 'left';\n");
  const tarball = join(folder, 'registry', 'left-side.tgz');
  const { status } = spawnSync('tar', ['-czf', tarball, '-C', join(folder, 'registry'), 'package']);
  if (status !== 0) throw new Error('the package could not be packed');
  return readFileSync(tarball);
}

function packument(packed: Buffer): object {
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`;
  const tarball = 'https://registry.npmjs.org/left-side/-/left-side-1.0.0.tgz';
  const version = { name: 'left-side', version: '1.0.0', dist: { tarball, integrity } };
  return { name: 'left-side', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
}
