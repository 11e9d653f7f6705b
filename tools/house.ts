/**
 * `npm run house`: who may import whom (docs/architecture.md, "The rooms"), and whether docs/dependencies.md tells the truth.
 * Exits 0 when every rule holds, 1 when one is broken or when it saw too little to tell. `--dependencies` prints the
 * table rows as they should be.
 */
import { checkHouse, type Violation } from './house/check.ts';
import { checkDependencyList, dependencyRows, shippedPackages } from './house/dependencies.ts';
import { floor } from './house/rules.ts';
import { type House, readHouse, tooLittle } from './house/source.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

function main(args: readonly string[]): number {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const list = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const shipped = shippedPackages(lock);
  if (args.includes('--dependencies')) {
    const why = new Map(dependencyRows(list).map((row) => [row.name, row.why]));
    for (const one of shipped) {
      console.log(
        `| \`${one.name}\` | ${one.version} | ${one.license} | ${one.installScript ? 'yes' : 'none'} | ${why.get(one.name) ?? ''} |`,
      );
    }
    return 0;
  }
  const house = readHouse(root);
  const violations = checkHouse(house.modules, house);
  const blind = tooLittle(house, floor);
  const dependencies = checkDependencyList(list, shipped);
  print(house, violations, [...blind, ...dependencies.map((text) => `docs/dependencies.md: ${text}`)]);
  return violations.length + blind.length + dependencies.length === 0 ? 0 : 1;
}

function print(house: House, violations: readonly Violation[], others: readonly string[]): void {
  for (const one of violations) console.log(`${one.path}:${one.line} ${one.rule}: ${one.text}`);
  for (const text of others) console.log(text);
  const verdict =
    violations.length + others.length === 0 ? 'every rule holds' : `${violations.length + others.length} found`;
  console.log(
    `house: ${house.seen.modules} modules and ${house.seen.imports} imports under src in ${house.seen.rooms} rooms, ` +
      `${house.modules.length - house.seen.modules} modules elsewhere; ${verdict} (Node ${process.version})`,
  );
}

process.exitCode = main(process.argv.slice(2));
