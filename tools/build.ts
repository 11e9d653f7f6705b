/**
 * `npm run build`: writes `dist/`, what the package ships instead of `src/`. Exits 1 on a type error, and when a module in
 * `dist/` refers to a file that is not there.
 */
import { isTest } from './house/check.ts';
import { readModule } from './house/imports.ts';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

function main(): number {
  rmSync(dist, { recursive: true, force: true });
  const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (compiled.status !== 0) return 1;
  const assets = copyAssets();
  const modules = globSync('**/*.js', { cwd: dist });
  const missing = modules.flatMap((path) => missingFrom(path));
  for (const text of missing) console.error(text);
  console.log(`built dist/: ${modules.length} modules, ${assets} other files`);
  return modules.length > 0 && missing.length === 0 ? 0 : 1;
}

/** Whatever in `src/` is no TypeScript is read at run time from the same place in `dist/`. */
function copyAssets(): number {
  const assets = globSync('**/*.*', { cwd: join(root, 'src') }).filter(
    (path) => !path.endsWith('.ts') && !isTest(path),
  );
  for (const path of assets) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    cpSync(join(root, 'src', path), join(dist, path));
  }
  return assets.length;
}

function missingFrom(path: string): readonly string[] {
  const { imports } = readModule(path, readFileSync(join(dist, path), 'utf8'));
  return imports.flatMap(({ specifier }) => {
    if (specifier?.startsWith('.') !== true || existsSync(join(dist, dirname(path), specifier))) return [];
    return [`dist/${path} refers to \`${specifier}\`, which is not there`];
  });
}

process.exitCode = main();
