import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** What the figures were measured on, a line a fact. */
export function machine(): Readonly<Record<string, string>> {
  const all = cpus();
  return {
    processor: `${all[0]?.model ?? 'unknown'}, ${all.length} visible`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: release(),
    node: process.version,
    nginx: firstLine('nginx', ['-v']),
    wrk: firstLine('wrk', ['--version']),
    undici: versionOf('undici'),
    cedar: versionOf('@cedar-policy/cedar-wasm'),
    graphql: versionOf('graphql'),
    'load average': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
  };
}

/** What a program says of its version, on whichever stream; `absent` when it is not there. */
export function firstLine(program: string, args: readonly string[]): string {
  try {
    // wrk exits with 1 when asked for its version, and nginx says it on standard error.
    const said = execFileSync('sh', [
      '-c',
      'command -v "$0" >/dev/null || exit 9; "$0" "$@" 2>&1 || true',
      program,
      ...args,
    ]);
    return said.toString().split('\n')[0]?.trim() ?? '';
  } catch {
    return 'absent';
  }
}

function versionOf(name: string): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
  );
  return String((manifest as { readonly version?: unknown }).version);
}
