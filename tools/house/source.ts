import { isTest, roomOf, type Surroundings } from './check.ts';
import { type Module, readModule } from './imports.ts';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Everything the checks read of a checkout. */
export interface House extends Surroundings {
  /** Of `src`, and of the tests, tools, benches and demo around it. */
  readonly modules: readonly Module[];
  /** What was seen under `src`. */
  readonly seen: { readonly modules: number; readonly imports: number; readonly rooms: number };
  /** Paths under `src` where a plain text search sees more imports than the parser did. */
  readonly underRead: readonly string[];
}

const around = ['demo', 'test', 'tools', 'bench', 'fuzz'];

/** Reads every TypeScript module of a checkout; throws on the first that does not parse. */
export function readHouse(root: string): House {
  const files = [...sources(root, 'src'), ...around.flatMap((folder) => sources(root, folder))];
  const underRead: string[] = [];
  const modules = files.map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const module = readModule(path, text);
    if (!isTest(path) && module.imports.length < plainCount(text)) underRead.push(path);
    return module;
  });
  const ours = modules.filter((module) => module.path.startsWith('src/'));
  return {
    modules,
    underRead: underRead.filter((path) => path.startsWith('src/')),
    seen: {
      modules: ours.length,
      imports: ours.reduce((sum, module) => sum + module.imports.length, 0),
      rooms: new Set(ours.map((module) => roomOf(module.path))).size,
    },
    dependencies: names(root, 'package.json', ['dependencies']),
    otherPackages: new Set([
      ...names(root, 'package.json', ['devDependencies']),
      ...names(root, 'demo/package.json', ['dependencies', 'devDependencies', 'optionalDependencies']),
    ]),
    exists: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true,
  };
}

/** Why the check saw too little to be believed; empty when it saw enough. */
export function tooLittle(
  house: House,
  least: { readonly modules: number; readonly imports: number },
): readonly string[] {
  const { modules, imports } = house.seen;
  return [
    ...(modules < least.modules
      ? [`saw ${modules} modules under src, and there were never fewer than ${least.modules}`]
      : []),
    ...(imports < least.imports
      ? [`saw ${imports} imports under src, and there were never fewer than ${least.imports}`]
      : []),
    ...house.underRead.map((path) => `${path}: a text search sees more imports than the parser did`),
  ];
}

/** Imports as a text search finds them: a second opinion that shares nothing with the parser. */
function plainCount(text: string): number {
  return text.match(/^(?:import|export|\})[^'"`]* from '[^'\n]+';$/gm)?.length ?? 0;
}

function sources(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return globSync(`${folder}/**/*.{ts,mts,cts}`, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted();
}

function names(root: string, manifest: string, members: readonly string[]): ReadonlySet<string> {
  const value: unknown = JSON.parse(readFileSync(join(root, manifest), 'utf8'));
  const found = members.flatMap((member) => {
    const listed: unknown =
      typeof value === 'object' && value !== null ? (value as { readonly [key: string]: unknown })[member] : undefined;
    return typeof listed === 'object' && listed !== null ? Object.keys(listed) : [];
  });
  return new Set(found);
}
