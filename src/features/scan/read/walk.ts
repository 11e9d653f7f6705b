import { readdirSync, type Dirent } from 'node:fs';
import { join, relative } from 'node:path';
import type { FileToRead } from './read-file.ts';

/** What a walk leaves out, so that it can be said. */
export interface WalkNotes {
  /** Folders of installed packages, of which only settings were looked at. */
  packages: number;
  /** Folders that could not be listed, or lie too deep. */
  readonly unlisted: string[];
  /** Whether there were more files than are looked at. */
  cut: boolean;
}

const deepest = 40;
const mostFiles = 400_000;

/** Endings of what holds no text. Looked into is everything else, and left when its bytes are no text. */
const noText =
  /\.(?:png|jpe?g|gif|webp|avif|ico|icns|bmp|tiff?|psd|svgz|mp[34]|m4[av]|mov|avi|mkv|webm|wav|flac|ogg|woff2?|ttf|otf|eot|zip|gz|tgz|bz2|xz|zst|br|7z|rar|jar|war|whl|deb|rpm|dmg|iso|exe|dll|so|dylib|a|o|obj|lib|node|wasm|class|pyc|pyo|beam|pdf|docx?|xlsx?|pptx?|parquet|arrow|npy|onnx|pack|idx|gguf|bin|dat)$/i;

/** Folders whose content is stored packed, or is made from what lies elsewhere. */
const packed = new Set(['objects', 'lfs', 'modules']);
const made = new Set(['__pycache__', '.pnpm-store', '.hg', '.svn']);
/** Published packages: nobody's own secrets, but settings that were left there are. */
const installed = new Set(['node_modules', 'site-packages', 'bower_components']);
const settings = /^(?:\.env.*|\.npmrc|\.netrc|\.pypirc|\.yarnrc(?:\.yml)?)$/;

interface Walk {
  readonly root: string;
  readonly deep: boolean;
  readonly notes: WalkNotes;
  count: number;
}

/**
 * The files of a workspace, ignored ones included. Links are not followed: what they lead to inside is found at its own
 * place, and what lies outside is not part of it.
 */
export function* walkWorkspace(
  root: string,
  options: { readonly deep: boolean; readonly notes: WalkNotes },
): Generator<FileToRead> {
  yield* folder({ root, ...options, count: 0 }, root, 0, false);
}

function* folder(walk: Walk, path: string, depth: number, inPackages: boolean): Generator<FileToRead> {
  const entries = list(walk, path, depth);
  for (const entry of entries) {
    if (walk.count >= mostFiles) {
      walk.notes.cut = true;
      return;
    }
    const child = join(path, entry.name);
    if (entry.isFile()) {
      if (noText.test(entry.name) || (inPackages && !settings.test(entry.name))) continue;
      walk.count += 1;
      yield { path: child, within: relative(walk.root, child), kind: 'file' };
    } else if (entry.isDirectory()) {
      yield* below(walk, path, entry.name, depth, inPackages);
    }
  }
}

function* below(walk: Walk, path: string, name: string, depth: number, inPackages: boolean): Generator<FileToRead> {
  const child = join(path, name);
  if (made.has(name) || (packed.has(name) && path.endsWith('.git'))) return;
  if (inPackages) {
    if (name === '.cache') yield* folder(walk, child, depth + 1, false);
    // A package and its scope, not the whole of it.
    else if (packageDepth(path) < 2) yield* folder(walk, child, depth + 1, true);
    return;
  }
  const packages = installed.has(name) && !walk.deep;
  if (packages) walk.notes.packages += 1;
  yield* folder(walk, child, depth + 1, packages);
}

function packageDepth(path: string): number {
  const parts = path.split('/');
  return parts.length - 1 - parts.findLastIndex((part) => installed.has(part));
}

function list(walk: Walk, path: string, depth: number): readonly Dirent[] {
  if (depth > deepest) {
    walk.notes.unlisted.push(path);
    return [];
  }
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    walk.notes.unlisted.push(path);
    return [];
  }
}
