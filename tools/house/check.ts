import type { Import, Module } from './imports.ts';
import { cyclesIn } from './cycles.ts';
import {
  blindNames,
  harmlessNames,
  kindsOfRoom,
  mayImport,
  outboundExceptions,
  outboundGlobals,
  outboundModules,
  programExceptions,
  roomExceptions,
  singleRooms,
  testsMayImport,
  undeclaredPackages,
  whyOutbound,
  whyPrograms,
  whyRooms,
} from './rules.ts';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path/posix';

/** One break of one rule. */
export interface Violation {
  readonly rule: 'rooms' | 'cycle' | 'outbound' | 'programs' | 'blind' | 'declared' | 'resolves' | 'tests';
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** What the check needs to know besides the modules. */
export interface Surroundings {
  /** Names in `dependencies` of the package. */
  readonly dependencies: ReadonlySet<string>;
  /** Names in `devDependencies`, and in the manifests of the private members. */
  readonly otherPackages: ReadonlySet<string>;
  /** Whether a path (from the root of the package) is a file. */
  exists(path: string): boolean;
}

/** The room a module belongs to (`road`, `gates/http`); undefined where there is no such room, or outside `src`. */
export function roomOf(path: string): string | undefined {
  const [top, first, second, third] = path.split('/');
  if (top !== 'src' || first === undefined || second === undefined) return undefined;
  if (singleRooms.includes(first)) return first;
  return kindsOfRoom.includes(first) && third !== undefined ? `${first}/${second}` : undefined;
}

/** Checks every module against every rule; the modules of `src` strictly, the others for what they import by name. */
export function checkHouse(modules: readonly Module[], surroundings: Surroundings): readonly Violation[] {
  const found: Violation[] = [];
  for (const module of modules) {
    for (const one of module.imports) found.push(...checkImport(module, one, surroundings));
    if (isOurs(module.path)) found.push(...checkPlace(module), ...checkUses(module));
  }
  for (const cycle of cyclesIn(graphOf(modules))) {
    found.push({
      rule: 'cycle',
      path: cycle[0] ?? '',
      line: 1,
      text: `modules import each other: ${cycle.join(' → ')}`,
    });
  }
  return found;
}

function checkImport(module: Module, one: Import, surroundings: Surroundings): readonly Violation[] {
  const report = (rule: Violation['rule'], text: string): Violation[] => [
    { rule, path: module.path, line: one.line, text },
  ];
  const ours = isOurs(module.path);
  if (one.specifier === undefined) {
    return ours ? report('blind', 'an import whose target is computed cannot be checked; write the path out') : [];
  }
  if (!one.specifier.startsWith('.')) return checkPackage(module, one, one.specifier, surroundings, report);
  const target = join(dirname(module.path), one.specifier);
  if (!surroundings.exists(target))
    return report('resolves', `\`${one.specifier}\` is no file; write the path with its ending`);
  return ours ? checkRoom(module, one, target, report) : [];
}

type Report = (rule: Violation['rule'], text: string) => Violation[];

function checkRoom(module: Module, one: Import, target: string, report: Report): readonly Violation[] {
  if (isTest(target) && !isTest(module.path)) return report('tests', `\`${target}\` is a test; nothing may import it`);
  const from = roomOf(module.path);
  const to = roomOf(target);
  if (from === undefined || (to !== undefined && from === to)) return [];
  if (to !== undefined && admits(from, to)) return [];
  const excepted = roomExceptions.some(
    (exception) =>
      exception.from === from &&
      exception.to === target &&
      (!exception.lazyOnly || one.kind === 'lazy' || one.kind === 'type'),
  );
  if (excepted) return [];
  if (
    isTest(module.path) &&
    testsMayImport.some((allowed) => target.startsWith(allowed.to) || target.startsWith(`src/${allowed.to}`))
  )
    return [];
  return report('rooms', `${from} may not import \`${target}\`: ${whyRooms}`);
}

function admits(from: string, to: string): boolean {
  const allowed = mayImport[from] ?? mayImport[from.split('/')[0] ?? ''] ?? [];
  return allowed.some((pattern) =>
    pattern === '*' ? to !== 'cli' : pattern.endsWith('/*') ? to.startsWith(pattern.slice(0, -1)) : pattern === to,
  );
}

function checkPackage(
  module: Module,
  one: Import,
  specifier: string,
  surroundings: Surroundings,
  report: Report,
): readonly Violation[] {
  if (specifier.startsWith('node:'))
    return isOurs(module.path) && !isTest(module.path) ? checkOutward(module, one, specifier, report) : [];
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (builtinModules.includes(specifier) && !surroundings.dependencies.has(name)) {
    return report('declared', `\`${specifier}\` is built in; write \`node:${specifier}\``);
  }
  const strict = isOurs(module.path) && !isTest(module.path);
  const declared =
    surroundings.dependencies.has(name) ||
    (!strict && surroundings.otherPackages.has(name)) ||
    (!strict && undeclaredPackages.some((allowed) => allowed.name === name && module.path.startsWith(allowed.where)));
  if (!declared)
    return report(
      'declared',
      `\`${name}\` is no declared dependency${strict ? ' that ships' : ''}; add it to package.json and to docs/dependencies.md`,
    );
  return strict ? checkOutward(module, one, specifier, report) : [];
}

function checkOutward(module: Module, one: Import, specifier: string, report: Report): readonly Violation[] {
  const room = roomOf(module.path);
  if (one.kind === 'type') return [];
  if (specifier === 'node:child_process' || specifier === 'node:cluster') {
    const excepted = programExceptions.some((exception) => exception.from === room);
    return excepted ? [] : report('programs', `${room ?? 'this room'} may not import \`${specifier}\`: ${whyPrograms}`);
  }
  if (!outboundModules.has(specifier) || room === 'upstream') return [];
  const exception = outboundExceptions.find((each) => each.from === room && each.use === specifier);
  if (exception?.names === 'all') return [];
  const allowed = [...(harmlessNames[specifier] ?? []), ...(exception?.names ?? [])];
  const wrong = one.names.filter((name) => !allowed.includes(name));
  if (wrong.length === 0) return [];
  return report(
    'outbound',
    `${room ?? 'this room'} may not take \`${wrong.join('`, `')}\` from \`${specifier}\`: ${whyOutbound}`,
  );
}

function checkUses(module: Module): readonly Violation[] {
  if (isTest(module.path)) return [];
  const room = roomOf(module.path);
  return module.uses.flatMap(({ name, line }): Violation[] => {
    const blind = blindNames[name];
    if (blind !== undefined)
      return [{ rule: 'blind', path: module.path, line, text: `\`${name}\` may not be used: it ${blind}` }];
    const allowed = room === 'upstream' || outboundExceptions.some((each) => each.from === room && each.use === name);
    if (!outboundGlobals.has(name) || allowed) return [];
    return [
      {
        rule: 'outbound',
        path: module.path,
        line,
        text: `${room ?? 'this room'} may not use \`${name}\`: ${whyOutbound}`,
      },
    ];
  });
}

function checkPlace(module: Module): readonly Violation[] {
  if (roomOf(module.path) !== undefined) return [];
  return [
    {
      rule: 'rooms',
      path: module.path,
      line: 1,
      text: 'lies in no room; see tools/house/rules.ts for the rooms',
    },
  ];
}

function graphOf(modules: readonly Module[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    modules
      .filter((module) => isOurs(module.path))
      .map((module) => [
        module.path,
        module.imports.flatMap(({ specifier }) =>
          specifier?.startsWith('.') === true ? [join(dirname(module.path), specifier)] : [],
        ),
      ]),
  );
}

function isOurs(path: string): boolean {
  return path.startsWith('src/');
}

/** Unit tests beside the source, and what only they use: no part of what is built. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.endsWith('.fixture.ts');
}
