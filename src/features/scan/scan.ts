import { resolve } from 'node:path';
import { Fingerprints, type Found } from './finding.ts';
import { digestOfFile, foundFrom, scrubbed } from './found.ts';
import { preconditionsOf, type Precondition } from './preconditions.ts';
import { Lines, type Document } from './read/document.ts';
import { formatOf } from './read/format-of.ts';
import { listHome, type Part } from './read/home.ts';
import type { Literals } from './read/literals.ts';
import { documentsOf, isBinary, mostBytes, readBounded, type FileToRead, type Unread } from './read/read-file.ts';
import { walkWorkspace, type WalkNotes } from './read/walk.ts';
import { findIn, isWorthReading, literalsOfRules } from './rules/all.ts';
import { routesIn, type Route } from './routes.ts';

export type { Part } from './read/home.ts';

/** What is scanned, and how. Nothing is asked of anybody, and nothing is written. */
export interface ScanOptions {
  /** The workspace; left out, none is read. */
  readonly path?: string;
  /** The home directory whose catalogue is read; left out, none is. */
  readonly home?: string;
  readonly environment?: { readonly [name: string]: string | undefined };
  /** Only these parts of what is given. */
  readonly only?: readonly Part[];
  /** Also inside installed packages (`node_modules`, `site-packages`). */
  readonly deep?: boolean;
  /** At least 16 bytes; random unless given. */
  readonly fingerprintKey?: Uint8Array;
  /** Called now and then; what it throws ends the scan. */
  readonly progress?: (progress: Progress) => void;
}

export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly found: number;
}

/** What a scan saw. `found` holds the secrets in their carriers; all else may be shown. */
export interface ScanReport {
  readonly found: readonly Found[];
  readonly routes: readonly Route[];
  readonly preconditions: readonly Precondition[];
  readonly coverage: Coverage;
}

/** What was read, and what was not. */
export interface Coverage {
  readonly files: number;
  readonly bytes: number;
  readonly parts: readonly Part[];
  readonly unread: readonly { readonly path: string; readonly why: Unread }[];
  /** Folders of installed packages of which only settings were read. */
  readonly packages: number;
  /** Whether there were more files than are looked at. */
  readonly cut: boolean;
}

const parts: readonly Part[] = ['workspace', 'home', 'agents', 'history', 'environment'];

/** Variables that are ours, or that name things for a shell. */
const notRead = /^(?:HOLDPOINT_|_$|PWD$|OLDPWD$|PATH$|SHLVL$)/;

/**
 * Looks for credentials where agents can read. Offline; needs no daemon. A file that cannot be read, or on which a rule
 * breaks, is listed as unread with a fixed reason: no text of it can get out by an error.
 */
export async function scan(options: ScanOptions): Promise<ScanReport> {
  const chosen = new Set(options.only ?? parts);
  const work = new Scan(options);
  const notes: WalkNotes = { packages: 0, unlisted: [], cut: false };
  if (options.path !== undefined && chosen.has('workspace')) {
    for (const file of walkWorkspace(resolve(options.path), { deep: options.deep === true, notes }))
      await work.file(file);
  }
  if (options.home !== undefined) {
    for (const file of listHome(resolve(options.home), chosen)) await work.file(file);
  }
  if (options.environment !== undefined && chosen.has('environment')) await work.environment(options.environment);
  const found = scrubbed(work.found);
  const findings = found.map(({ finding }) => finding);
  const routes = routesIn(findings, chosen.has('workspace') ? options.path : undefined);
  const unread = [...work.unread, ...notes.unlisted.map((path) => ({ path, why: 'unreadable' as const }))];
  const coverage = {
    files: work.files,
    bytes: work.bytes,
    parts: given(options, chosen),
    unread,
    packages: notes.packages,
    cut: notes.cut,
  };
  return { found, routes, preconditions: preconditionsOf({ findings, routes }), coverage };
}

function given(options: ScanOptions, chosen: ReadonlySet<Part>): readonly Part[] {
  return parts.filter((part) => {
    if (!chosen.has(part)) return false;
    if (part === 'workspace') return options.path !== undefined;
    return part === 'environment' ? options.environment !== undefined : options.home !== undefined;
  });
}

/** One scan under way. */
class Scan {
  readonly found: Found[] = [];
  readonly unread: { readonly path: string; readonly why: Unread }[] = [];
  files = 0;
  bytes = 0;
  readonly #fingerprints: Fingerprints;
  readonly #literals: Literals = literalsOfRules();
  readonly #seen = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #buffer = Buffer.allocUnsafe(mostBytes);
  readonly #progress: ScanOptions['progress'];

  constructor(options: ScanOptions) {
    this.#fingerprints = new Fingerprints(options.fingerprintKey);
    this.#progress = options.progress;
  }

  async file(file: FileToRead): Promise<void> {
    if (this.#seen.has(file.path)) return;
    this.#seen.add(file.path);
    const read = readBounded(file.path, this.#buffer);
    if (typeof read === 'string') {
      this.unread.push({ path: file.path, why: read });
      return;
    }
    this.files += 1;
    this.bytes += read.bytes.length;
    if (this.files % 500 === 0) this.#progress?.({ files: this.files, bytes: this.bytes, found: this.found.length });
    if (isBinary(read.bytes)) return;
    if (!read.whole) this.unread.push({ path: file.path, why: 'too large' });
    const literals = this.#literals.in(read.bytes);
    if (!isWorthReading({ ...file, format: formatOf(file.path, file.kind) }, literals)) return;
    let fileDigest: string | undefined;
    try {
      for (const document of documentsOf(file, read)) {
        const found = await this.#in(document, literals);
        if (found.length > 0 && read.whole) fileDigest ??= digestOfFile(read.bytes);
        for (const one of found) this.#keep(fileDigest === undefined ? one : Object.freeze({ ...one, fileDigest }));
      }
    } catch {
      // What was thrown may quote the text: it is not looked at.
      this.unread.push({ path: file.path, why: 'a defect of the scan' });
    }
  }

  /** Each variable is a text of its own. */
  async environment(variables: { readonly [name: string]: string | undefined }): Promise<void> {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined || value === '' || notRead.test(name)) continue;
      const text = `${name}=${value}`;
      const document: Document = {
        path: 'environment',
        within: '',
        kind: 'environment',
        format: 'environment',
        text,
        bytesBefore: undefined,
        firstLine: 1,
      };
      try {
        for (const one of await this.#in(document, this.#literals.in(Buffer.from(text)))) this.#keep(one);
      } catch {
        this.unread.push({ path: `environment: ${name}`, why: 'a defect of the scan' });
      }
    }
  }

  async #in(document: Document, literals: ReadonlySet<string>): Promise<readonly Found[]> {
    const candidates = await findIn(document, literals);
    if (candidates.length === 0) return [];
    const lines = new Lines(document);
    return candidates.map((one) => foundFrom(one, document, lines, this.#fingerprints));
  }

  /** Pieces of a large file overlap: what stands in both is one. */
  #keep(one: Found): void {
    if (this.#ids.has(one.finding.id)) return;
    this.#ids.add(one.finding.id);
    this.found.push(one);
  }
}
