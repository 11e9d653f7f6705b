// `npm run bench [-- --quick] [--json] [part…]`: measures what was promised, and says on which machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBackup } from './backup.ts';
import { type Effort, type Figure, reached } from './figure.ts';
import { benchGraphql } from './graphql.ts';
import { benchPacedReads, benchThroughput } from './http-gate.ts';
import { benchUpstream } from './http-upstream.ts';
import { benchJournal } from './journal.ts';
import { machine } from './machine.ts';
import { benchPolicy, newHold } from './policy.ts';
import { pinned } from './processes.ts';
import { benchPostgres } from './postgres.ts';
import { benchPostgresBulk } from './postgres-bulk.ts';
import { benchRoad } from './road.ts';
import { benchScan } from './scan.ts';
import { benchSlowClients } from './slow-clients.ts';
import { benchUndo } from './undo.ts';
import { benchUndoBeside } from './undo-beside.ts';
import { benchWrites } from './writes.ts';

type Bench = (folder: string, effort: Effort) => Promise<readonly Figure[]>;

const benches: { readonly [name: string]: Bench } = {
  read: benchPacedReads,
  throughput: benchThroughput,
  write: benchWrites,
  road: benchRoad,
  decision: benchDecision,
  journal: benchJournal,
  upstream: benchUpstream,
  scan: benchScan,
  postgres: benchPostgres,
  'slow-clients': benchSlowClients,
  'postgres-bulk': benchPostgresBulk,
  undo: benchUndo,
  'undo-beside': benchUndoBeside,
  backup: benchBackup,
};

/** Reading and policy, and what both cost together for a document that nobody has sent before. */
async function benchDecision(_: string, effort: Effort): Promise<readonly Figure[]> {
  const figures = [...benchGraphql(effort.quick ? 100 : 2_000), ...benchPolicy(effort)];
  const dearest = (name: string): number =>
    Math.max(...figures.filter((one) => one.name === name).map((one) => one.value));
  const both = (dearest('new document, median') + dearest(newHold)) / 1_000;
  const name = 'a document and facts never seen, both at their dearest';
  return [...figures, { part: 'decision', name, value: both, unit: 'ms', atMost: 1 }];
}

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const effort: Effort = values.quick
  ? { rounds: 1, seconds: 0.3, quick: true }
  : { rounds: 5, seconds: 1, quick: false };
const wanted = positionals.length === 0 ? Object.keys(benches) : positionals;
const facts: Readonly<Record<string, string>> = {
  command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  effort: `${effort.rounds} rounds of ${effort.seconds} s each, medians`,
  cores: pinned ? 'what is measured on the first, client and far side on the second' : 'not told apart',
  ...machine(),
};
if (!values.json) for (const [name, fact] of Object.entries(facts)) console.log(`${name.padEnd(14)} ${fact}`);

const all: Figure[] = [];
const folder = await mkdtemp(join(process.env['HOLDPOINT_BENCH_DIR'] ?? tmpdir(), 'holdpoint-bench-'));
try {
  for (const name of wanted) {
    const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (bench === undefined) throw new Error(`there is no part \`${name}\`: ${Object.keys(benches).join(', ')}`);
    const figures = await bench(folder, effort);
    all.push(...figures);
    if (!values.json) print(figures);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify({ machine: facts, figures: all }, null, 2));

function print(figures: readonly Figure[]): void {
  let part = '';
  for (const figure of figures) {
    if (figure.part !== part) console.log(`\n${figure.part}`);
    part = figure.part;
    const target = figure.atMost === undefined ? figure.atLeast : figure.atMost;
    const against = figure.atMost === undefined ? 'at least' : 'at most';
    const verdict = { true: 'reached', false: 'missed', undefined: '' }[String(reached(figure)) as 'true'];
    const said = target === undefined ? '' : `   ${against} ${target}: ${verdict}`;
    console.log(
      `  ${figure.name.padEnd(56)} ${shown(figure.value).padStart(9)} ${figure.unit.padEnd(25)}${said}`.trimEnd(),
    );
  }
}

/** Three digits that mean something. */
function shown(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}
