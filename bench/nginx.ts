import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Core, freePort, type Started, startListening } from './processes.ts';
import { readAnswer } from './messages.ts';

/** nginx as the smallest far side there is: every request is answered with the same 300 bytes. */
export async function nginxFarSide(folder: string): Promise<Started<number>> {
  const location = `location / { default_type application/json; return 200 '${readAnswer}'; }`;
  return startNginx(join(folder, 'nginx-far-side'), '', location, 'other');
}

/** nginx as a plain reverse proxy, one process, its connections to the far side kept. */
export async function nginxProxy(folder: string, farSide: number): Promise<Started<number>> {
  const upstream = `upstream far { server 127.0.0.1:${farSide}; keepalive 64; keepalive_requests 100000000; }`;
  const location =
    'location / { proxy_pass http://far; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }';
  return startNginx(join(folder, 'nginx-proxy'), upstream, location, 'measured');
}

async function startNginx(folder: string, upstream: string, location: string, core: Core): Promise<Started<number>> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ');
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  ${places}
  ${upstream}
  server { listen 127.0.0.1:${port}; ${location} }
}
`,
  );
  const command = ['nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  return startListening(command, port, core);
}
