/** A package as the lockfile has it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Whether it has a script that runs when it is installed. */
  readonly installScript: boolean;
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
}

interface Lockfile {
  readonly packages: { readonly [path: string]: LockEntry };
}

/** Every package in the text of a `package-lock.json` (lockfile version 2 or 3); throws where that cannot be read. */
export function lockedPackages(lockText: string): readonly LockedPackage[] {
  return Object.entries(readLock(lockText).packages)
    .filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true)
    .map(([path, entry]) => locked(path, entry));
}

/** Names that `dependencies` of the root bring along, themselves included: what a user's install fetches. */
export function shippedPackages(lockText: string): readonly LockedPackage[] {
  const { packages } = readLock(lockText);
  const seen = new Map<string, LockedPackage>();
  const follow = (from: string, names: readonly string[]): void => {
    for (const name of names) {
      const path = resolve(packages, from, name);
      const entry = packages[path];
      if (entry === undefined) throw new Error(`\`${name}\` is not in package-lock.json; run npm install`);
      if (seen.has(path)) continue;
      seen.set(path, locked(path, entry));
      follow(path, needs(entry));
    }
  };
  follow('', needs(packages['']));
  return [...seen.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

function needs(entry: LockEntry | undefined): readonly string[] {
  return [...Object.keys(entry?.dependencies ?? {}), ...Object.keys(entry?.optionalDependencies ?? {})];
}

function resolve(packages: Lockfile['packages'], from: string, name: string): string {
  for (let at = from; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const nested = `${at}/node_modules/${name}`;
    if (packages[nested] !== undefined) return nested;
  }
  return `node_modules/${name}`;
}

function locked(path: string, entry: LockEntry): LockedPackage {
  return {
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version: entry.version ?? '',
    license: entry.license ?? '',
    installScript: entry.hasInstallScript === true,
  };
}

function readLock(text: string): Lockfile {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('packages' in value))
    throw new Error('package-lock.json has no packages; run npm install with npm 7 or newer');
  return value as Lockfile;
}

/** Row of a table in docs/dependencies.md: `| name | version | licence | install script | why |`. */
export interface DependencyRow {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly installScript: string;
  readonly why: string;
}

/** The rows of every table in the document whose first cell is a package name in back-ticks. */
export function dependencyRows(markdown: string): readonly DependencyRow[] {
  return markdown.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const name = /^`([^`]+)`$/.exec(cells[1] ?? '')?.[1];
    if (name === undefined || cells.length < 7) return [];
    return [
      { name, version: cells[2] ?? '', license: cells[3] ?? '', installScript: cells[4] ?? '', why: cells[5] ?? '' },
    ];
  });
}

/** What docs/dependencies.md says wrongly or not at all about the packages that ship; empty when it is right. */
export function checkDependencyList(markdown: string, shipped: readonly LockedPackage[]): readonly string[] {
  const rows = dependencyRows(markdown);
  const wrong = shipped.flatMap((one) => {
    const row = rows.find((each) => each.name === one.name && each.version === one.version);
    if (row === undefined) return [`\`${one.name}\` ${one.version} is not listed`];
    const script = one.installScript ? 'yes' : 'none';
    return [
      ...(row.license === one.license ? [] : [`\`${one.name}\` is under \`${one.license}\`, not \`${row.license}\``]),
      ...(row.installScript === script
        ? []
        : [`\`${one.name}\`: install script is \`${script}\`, not \`${row.installScript}\``]),
      ...(row.why === '' ? [`\`${one.name}\` has no reason`] : []),
    ];
  });
  const known = new Set(shipped.map((one) => `${one.name} ${one.version}`));
  const stale = rows
    .filter((row) => !known.has(`${row.name} ${row.version}`))
    .map((row) => `\`${row.name}\` ${row.version} is listed and not installed`);
  return [...wrong, ...stale];
}
