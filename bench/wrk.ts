import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadSaid } from './client-process.ts';
import { quantile } from './figure.ts';
import { firstLine } from './machine.ts';
import { requestText } from './messages.ts';
import { onCore, startScript } from './processes.ts';

export interface Wanted {
  readonly port: number;
  readonly path: string;
  readonly credential: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface Throughput {
  readonly answered: number;
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const run = promisify(execFile);

/** As many answers as can be had: asked by wrk, or by our own client where there is none, which costs its core more. */
export async function throughput(wanted: Wanted): Promise<Throughput> {
  return firstLine('wrk', ['--version']) === 'absent' ? byOwnClient(wanted) : byWrk(wanted);
}

async function byOwnClient({ port, path, credential, body, connections, seconds }: Wanted): Promise<Throughput> {
  const load = { port, requests: [requestText(port, path, credential, body)], connections, seconds, perSecond: 0 };
  const client = await startScript<LoadSaid>('client-process.ts', [JSON.stringify(load)], 'other');
  await client.stop();
  const { times } = client.said;
  const rate = times.length / seconds;
  return { answered: times.length, rate, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

async function byWrk({ port, path, credential, body, connections, seconds }: Wanted): Promise<Throughput> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-bench-wrk-'));
  try {
    const script = join(folder, 'post.lua');
    await writeFile(script, lua(credential, body));
    const duration = `${Math.max(1, Math.round(seconds))}s`;
    const url = `http://127.0.0.1:${port}${path}`;
    const [program = '', ...args] = onCore('other', [
      ...'wrk -t 1 -c'.split(' '),
      String(connections),
      '-d',
      duration,
      '-s',
      script,
      url,
    ]);
    const { stdout } = await run(program, args);
    const [, figures] = /FIGURES (.+)/.exec(stdout) ?? [];
    const [answered = 0, microseconds = 0, errors = 0, p50 = 0, p99 = 0] = (figures ?? '').split(' ').map(Number);
    if (answered === 0 || errors > 0) throw new Error(`wrk saw ${errors} errors in ${answered} answers`);
    return { answered, rate: (answered * 1e6) / microseconds, p50: p50 / 1_000, p99: p99 / 1_000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A body is quoted in long brackets, so that nothing in it means anything to Lua. */
function lua(credential: string, body: string): string {
  return `wrk.method = "POST"
wrk.body = [==[${body}]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer ${credential}"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`;
}
