import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from './tool.ts';

/** The program and the Node that runs it, where the daemon's user may read them and nobody but root may change them. */
export interface House {
  readonly root: string;
  readonly node: string;
  /** Whether it is a copy that we made. */
  readonly copied: boolean;
}

/** This package, wherever it lies: a checkout, or below somebody's `node_modules`. */
export const packageRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** The daemon's first module in a house: source in a checkout, built code in the package. */
export function daemonMainIn(root: string): string {
  return moduleIn(root, 'daemon/main');
}

/** A module of ours in a house, by its path below `src` without the ending: of the kind that we are, or the one that is there. */
export function moduleIn(root: string, module: string): string {
  const [source, built] = [join(root, 'src', `${module}.ts`), join(root, 'dist', `${module}.js`)];
  const [first, second] = import.meta.filename.endsWith('.ts') ? [source, built] : [built, source];
  return existsSync(first) || !existsSync(second) ? first : second;
}

/** What a daemon of another user runs: this package in place where it is root's alone and readable, else a copy of it. */
export function houseFor(data: string): House {
  const places = [
    'package.json',
    'bin',
    'policy',
    'node_modules',
    import.meta.filename.endsWith('.ts') ? 'src' : 'dist',
  ];
  const inPlace =
    places.every((one) => !existsSync(join(packageRoot, one)) || isRooted(join(packageRoot, one))) &&
    dependencies().every((one) => isRooted(one)) &&
    isRooted(process.execPath);
  if (inPlace) return { root: packageRoot, node: process.execPath, copied: false };
  const into = data === '/var/lib/holdpoint' ? '/usr/local/lib/holdpoint' : `${data}.program`;
  return { ...copyHouse(into), copied: true };
}

/** Whether everybody can read it, and root alone change it, all the way up. */
function isRooted(path: string): boolean {
  const real = realpathSync(path);
  for (let at = real; ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    const isSticky = at !== real && (mode & 0o1000) !== 0;
    if (uid !== 0 || ((mode & 0o022) !== 0 && !isSticky)) return false;
    if (at === real ? (mode & 0o004) === 0 : (mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Folders of every package that we need at run time, found as Node finds them. */
function dependencies(): readonly string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    for (const name of needsOf(folder)) {
      const at = installed(folder, name);
      if (at === undefined || found.has(at)) continue;
      found.add(at);
      visit(at);
    }
  };
  visit(packageRoot);
  return [...found];
}

function needsOf(folder: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies?: object;
    readonly optionalDependencies?: object;
    readonly peerDependencies?: object;
  };
  const { dependencies: needed = {}, optionalDependencies: wanted = {}, peerDependencies: peers = {} } = manifest;
  return Object.keys({ ...needed, ...wanted, ...peers });
}

function installed(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const there = join(at, 'node_modules', name);
    if (existsSync(join(there, 'package.json'))) return there;
    if (at === dirname(at)) return undefined;
  }
}

/** Our package and all that it needs, in the same places to each other; the whole is moved into place at the end. */
export function copyHouse(into: string): { readonly root: string; readonly node: string } {
  const needed = dependencies();
  const top = commonFolder([packageRoot, ...needed]);
  const fresh = `${into}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(join(fresh, 'bin'), { recursive: true, mode: 0o755 });
  const ours = ['bin', 'src', 'dist', 'policy', 'schema', 'package.json'].map((one) => join(packageRoot, one));
  for (const from of [...ours, ...needed]) {
    if (!existsSync(from)) continue;
    const to = join(fresh, 'program', relative(top, from));
    // What a package keeps below itself comes by its own name, where it is needed.
    const real = realpathSync(from);
    const filter = (path: string): boolean => !relative(real, path).split(sep).includes('node_modules');
    cpSync(real, to, { recursive: true, dereference: true, filter });
  }
  copyFileSync(process.execPath, join(fresh, 'bin', 'node'), constants.COPYFILE_FICLONE);
  chmodSync(join(fresh, 'bin', 'node'), 0o755);
  runTool('chown', ['-R', '0:0', fresh]);
  runTool('chmod', ['-R', 'a+rX,go-w', fresh]);
  if (lstatSync(into, { throwIfNoEntry: false }) !== undefined) rmSync(into, { recursive: true, force: true });
  renameSync(fresh, into);
  return { root: join(into, 'program', relative(top, packageRoot)), node: join(into, 'bin', 'node') };
}

function commonFolder(paths: readonly string[]): string {
  const [first = sep, ...others] = paths;
  let at = first;
  while (!others.every((one) => one === at || one.startsWith(at + sep))) at = dirname(at);
  return at;
}
