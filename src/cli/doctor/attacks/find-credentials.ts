import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { AttackerReport, Candidate, Target } from '../target.ts';

const limits = { files: 60_000, fileBytes: 262_144, texts: 400_000, depth: 14, ms: 90_000 } as const;
/** Code of others, in which nobody keeps credentials of theirs. */
const skipped = new Set(['node_modules', '.git', '.cache', '.npm', '.cargo', '.rustup', 'proc', 'sys']);

type Found = Pick<AttackerReport, 'candidates' | 'signerKeys' | 'isCutShort'>;

/** Every text that could be a credential, in every file that this user can read, and in its processes' environments. */
export function findCandidates({ searched }: Target, progress: (files: number) => void): Found {
  const candidates = new Map<string, Candidate>();
  const signerKeys: { path: string; publicKey: string }[] = [];
  let seen = 0;
  const start = performance.now();
  const isLate = (): boolean => performance.now() - start > limits.ms;
  let told = start;
  const take = (path: string): void => {
    const text = read(path);
    if (text === undefined) return;
    seen += 1;
    if (performance.now() - told > 2_000) {
      told = performance.now();
      progress(seen);
    }
    const key = signerKeyIn(text);
    if (key !== undefined) signerKeys.push({ path, publicKey: key });
    for (const one of textsIn(text))
      if (candidates.size < limits.texts && !candidates.has(one)) candidates.set(one, { path, text: one });
  };
  const queue = searched.map((path) => ({ path, depth: 0 }));
  const visited = new Set<string>();
  for (let next = queue.shift(); next !== undefined && seen < limits.files && !isLate(); next = queue.shift()) {
    if (visited.has(next.path)) continue;
    visited.add(next.path);
    for (const one of entries(next.path)) {
      const path = join(next.path, one.name);
      if ((one.isFile() || one.isSymbolicLink()) && seen < limits.files && !isLate()) take(path);
      if (one.isDirectory() && !skipped.has(one.name) && next.depth < limits.depth)
        queue.push({ path, depth: next.depth + 1 });
    }
  }
  const isCutShort = seen >= limits.files || candidates.size >= limits.texts || queue.length > 0 || isLate();
  for (const pid of entries('/proc')) if (/^\d+$/.test(pid.name)) take(`/proc/${pid.name}/environ`);
  return { candidates: [...candidates.values()], signerKeys, isCutShort };
}

function entries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Undefined for what cannot be read, is no ordinary file, or is not text. */
function read(path: string): string | undefined {
  try {
    if (path.startsWith('/proc/')) return readFileSync(path, 'utf8');
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) return undefined;
      const buffer = Buffer.alloc(limits.fileBytes);
      const bytes = buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
      return bytes.subarray(0, 1_024).includes(0) ? undefined : bytes.toString('utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Words long enough to be one, with and without what stands before an `=` or a `:`; and whole values. */
function* textsIn(text: string): Generator<string> {
  for (const line of text.split(/[\r\n\0]/)) {
    if (line.length > 8_192) continue;
    const value = /^[^=:]{1,80}[=:]\s*["']?(.*?)["']?,?\s*$/.exec(line)?.[1];
    if (value !== undefined && value.length >= 8 && value.length <= 4_096) yield value;
    for (const [word] of line.matchAll(/[^\s"'`,;<>(){}[\]\\]{12,4096}/g)) {
      // Words of prose and paths are none; what stands behind a name was taken above, whatever it looks like.
      if (!/\d/.test(word) || !/[A-Za-z]/.test(word) || /^[./]/.test(word)) continue;
      yield word;
      const at = word.indexOf('=');
      if (at > 0 && word.length - at > 8) yield word.slice(at + 1);
    }
  }
}

function signerKeyIn(text: string): string | undefined {
  if (!text.includes('holdpoint/signer-key/v1')) return undefined;
  return /"publicKey"\s*:\s*"([\w-]{20,200})"/.exec(text)?.[1];
}
