// What `holdpoint scan` costs over 10,000 files of at least 40 MB, and what it finds: published packages’ sources with credentials
// planted among them. Part `scan` of `npm run bench`; `node bench/scan.ts --one <folder>` is the process that is measured.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { holders, made, Maker } from '../test/scan/planted.ts';
import { ids, tokens } from '../test/scan/railway-lines.ts';
import { type Effort, type Figure, median } from './figure.ts';
import { scan } from '../src/features/scan/scan.ts';

const part = 'scan, offline, one thread';

/** What the measured process says. */
interface Said {
  readonly cpu: number;
  readonly wall: number;
  readonly peak: number;
  readonly files: number;
  readonly megabytes: number;
  readonly found: readonly string[];
}

async function one(folder: string): Promise<Said> {
  const start = performance.now();
  const { found, coverage } = await scan({ path: folder, deep: true });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    // Of the whole process, starting it and loading the rules included.
    cpu: (userCPUTime + systemCPUTime) / 1e6,
    wall: (performance.now() - start) / 1e3,
    peak: maxRSS / 1024,
    files: coverage.files,
    megabytes: coverage.bytes / 1e6,
    found: found.map(({ finding }) => `${finding.kind} ${finding.place.path.slice(folder.length + 1)}`),
  };
}

const text = /\.(?:[cm]?[jt]sx?|json|md|ya?ml|toml|txt|sh|css|html|py|map)$/;

/** Copies sources of installed packages, the small ones in turn, until there are so many files and bytes. */
function cleanTree(folder: string, files: number, bytes: number): number {
  const all: { readonly path: string; readonly size: number }[] = [];
  const root = new URL('../node_modules', import.meta.url).pathname;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && text.test(entry.name) && !path.includes('/node_modules/.'))
      all.push({ path, size: statSync(path).size });
  }
  // Files of about the mean that is asked for, the nearest first, so that number and bytes both come out.
  const mean = bytes / files;
  const near = all.toSorted((a, b) => Math.abs(Math.log(a.size / mean)) - Math.abs(Math.log(b.size / mean)));
  let copied = 0;
  for (; copied < files; copied++) {
    const from = near[copied % near.length];
    if (from === undefined) break;
    const to = join(folder, 'clean', String(copied % 97), `${copied}-${from.path.split('/').at(-1) ?? ''}`);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from.path, to);
  }
  return copied;
}

/** Plants every kind in every way of writing it down; returns `kind path` of each. */
function plant(folder: string): readonly string[] {
  const maker = new Maker(31);
  const planted: string[] = [];
  for (const each of made) {
    for (const [index, holder] of holders.entries()) {
      const path = join('planted', `${each.name}-${index}`, holder.path);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), holder.write(each.name, each.make(maker)));
      planted.push(`${each.kind} ${path}`);
    }
  }
  for (const [name, lines] of [
    ['token', tokens],
    ['id', ids],
  ] as const) {
    for (const [index, line] of lines.entries()) {
      mkdirSync(join(folder, 'lines', `${name}-${index}`), { recursive: true });
      writeFileSync(join(folder, 'lines', `${name}-${index}`, 'notes.txt'), line.replace('⟨⟩', maker.uuid()));
    }
  }
  return planted;
}

export async function benchScan(folder: string, { rounds, quick }: Effort): Promise<readonly Figure[]> {
  const root = join(folder, 'scan');
  mkdirSync(root, { recursive: true });
  const clean = cleanTree(root, quick ? 1_000 : 10_000, quick ? 4e6 : 40e6);
  const planted = plant(root);
  const runs = Array.from({ length: quick ? 1 : rounds }, () => {
    const said = execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', import.meta.filename, '--one', root],
      { maxBuffer: 2 ** 26 },
    );
    return JSON.parse(said.toString()) as Said;
  });
  const found = new Set(runs[0]?.found);
  const missed = planted.filter((each) => !found.has(each));
  const lines = (kind: string): number =>
    new Set([...found].filter((each) => each.startsWith(`railway lines/${kind}-`))).size;
  const wrong = [...found].filter((each) => each.includes(' clean/')).length;
  const middle = (pick: (said: Said) => number): number => median(runs.map(pick));
  return [
    { part, name: 'files', value: middle(({ files }) => files), unit: 'files' },
    { part, name: 'bytes', value: middle(({ megabytes }) => megabytes), unit: 'MB' },
    { part, name: 'processor time, the whole process', value: middle(({ cpu }) => cpu), unit: 's', atMost: 6 },
    { part, name: 'peak of resident memory', value: middle(({ peak }) => peak), unit: 'MiB', atMost: 300 },
    { part, name: 'wall clock', value: middle(({ wall }) => wall), unit: 's' },
    {
      part,
      name: 'planted credentials found, with their kind',
      value: (100 * (planted.length - missed.length)) / planted.length,
      unit: `% of ${planted.length}`,
      atLeast: 95,
    },
    { part, name: 'false findings', value: wrong / (clean / 1_000), unit: 'a 1,000 clean files', atMost: 1 },
    { part, name: 'lines with a Railway token found, of 25', value: lines('token'), unit: 'lines', atLeast: 24 },
    { part, name: 'lines with a Railway id taken for one, of 25', value: lines('id'), unit: 'lines', atMost: 0 },
  ];
}

if (process.argv[2] === '--one') console.log(JSON.stringify(await one(process.argv[3] ?? '.')));
