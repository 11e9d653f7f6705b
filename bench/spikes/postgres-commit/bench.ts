/** Direct, raw pipe and relay by turns with pgbench; medians. `node bench.ts [rounds] [seconds]`. Needs `pgbench` on PATH. */
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { KINDS, type Kind } from './kinds.ts';
import { createPostgres, freePort, type Server } from './server.ts';

const exec = promisify(execFile);
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 2);
const SCRIPTS = {
  'prepared SELECT': '\\set aid random(1, 100000)\nSELECT v FROM account WHERE aid = :aid;\n',
  'prepared UPDATE, 1 row, autocommit': '\\set aid random(1, 100000)\nUPDATE account SET v = v + 1 WHERE aid = :aid;\n',
} as const;

interface Figure {
  readonly p50: number;
  readonly tps: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function pgbench(folder: string, port: number, script: string, clients: number): Promise<Figure> {
  const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds), '-l', '-f', script];
  const env = { ...process.env, PGPASSWORD: 'agent-token', PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'agent' };
  const { stdout } = await exec('pgbench', [...args, 'postgres'], { cwd: folder, env });
  const latencies: number[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith('pgbench_log')) continue;
    const text = await readFile(path.join(folder, name), 'utf8');
    for (const line of text.split('\n')) if (line !== '') latencies.push(Number(line.split(' ')[2]));
    await rm(path.join(folder, name));
  }
  return { p50: median(latencies), tps: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]) };
}

async function prepare(server: Server): Promise<Client> {
  const root = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await root.connect();
  await root.query(`CREATE ROLE agent LOGIN; GRANT CREATE ON SCHEMA public TO agent; SET ROLE agent;
    CREATE TABLE account (aid int PRIMARY KEY, v int NOT NULL) WITH (fillfactor = 50);
    INSERT INTO account SELECT g, 0 FROM generate_series(1, 100000) g; RESET ROLE`);
  await root.query('VACUUM ANALYZE account');
  return root;
}

async function serve(kind: Kind, server: Server, folder: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const child = fork(path.join(import.meta.dirname, 'serve.ts'), [
    kind,
    String(server.port),
    String(port),
    path.join(folder, 'journal'),
  ]);
  await once(child, 'message');
  return { port, child };
}

/** What the measuring statement alone costs the server, by how it finds its tables and how many the catalogue has. */
async function measuringCost(root: Client): Promise<readonly string[]> {
  const ways = {
    'view pg_stat_xact_user_tables':
      'SELECT json_agg(json_build_array(relid, n_tup_ins, n_tup_upd, n_tup_del)) FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0',
    'own locks, then counters by oid': `SELECT json_agg(json_build_array(relation, pg_stat_get_xact_tuples_inserted(relation), pg_stat_get_xact_tuples_updated(relation),
      pg_stat_get_xact_tuples_deleted(relation))) FROM (SELECT DISTINCT relation FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND mode LIKE '%Exclusive%') l`,
  };
  const lines: string[] = [];
  for (const tables of [1, 2000]) {
    if (tables > 1) {
      await root.query(
        `DO $$ BEGIN FOR i IN 1..${tables} LOOP EXECUTE 'CREATE TABLE extra_' || i || ' (i int PRIMARY KEY)'; END LOOP; END $$`,
      );
    }
    for (const [name, text] of Object.entries(ways)) {
      const times: number[] = [];
      await root.query('BEGIN');
      await root.query('UPDATE account SET v = v + 1 WHERE aid = 1');
      for (let index = 0; index < 200; index += 1) {
        const from = process.hrtime.bigint();
        await root.query({ name, text });
        times.push(Number(process.hrtime.bigint() - from) / 1000);
      }
      await root.query('ROLLBACK');
      lines.push(`| ${name} | ${tables} | ${median(times).toFixed(0)} |`);
    }
  }
  return lines;
}

const server = await createPostgres();
const folder = await mkdtemp(path.join(tmpdir(), 'holdpoint-bench-'));
const root = await prepare(server);
const children: ChildProcess[] = [];
const ports = new Map<string, number>([['direct', server.port]]);
for (const kind of KINDS) {
  const { port, child } = await serve(kind, server, folder);
  ports.set(kind, port);
  children.push(child);
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${rounds} alternating runs of ${seconds} s, medians`,
);
console.log('\n| statement, clients | way | p50 µs | added µs | tps | share of direct |\n|---|---|---|---|---|---|');
for (const [name, text] of Object.entries(SCRIPTS)) {
  const script = path.join(folder, 'script.sql');
  await writeFile(script, text);
  for (const clients of [1, 8]) {
    const figures = new Map<string, Figure[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [way, port] of ports)
        figures.set(way, [...(figures.get(way) ?? []), await pgbench(folder, port, script, clients)]);
    }
    const of = (way: string, key: keyof Figure): number =>
      median((figures.get(way) ?? []).map((figure) => figure[key]));
    for (const way of ports.keys()) {
      const [p50, tps] = [of(way, 'p50'), of(way, 'tps')];
      const added = way === 'direct' ? '' : `+${(p50 - of('direct', 'p50')).toFixed(0)}`;
      console.log(
        `| ${name}, ${clients} | ${way} | ${p50.toFixed(0)} | ${added} | ${tps.toFixed(0)} | ${(tps / of('direct', 'tps')).toFixed(2)} |`,
      );
    }
  }
}
console.log(
  '\n| measuring statement, seen from the client, one connection | tables in the catalogue | p50 µs |\n|---|---|---|',
);
for (const line of await measuringCost(root)) console.log(line);

for (const child of children) child.kill();
await root.end();
await server.stop();
await rm(folder, { recursive: true, force: true });
