import { checkHouse, roomOf, type Surroundings, type Violation } from './house/check.ts';
import { cyclesIn } from './house/cycles.ts';
import { checkDependencyList, lockedPackages, shippedPackages } from './house/dependencies.ts';
import { readModule } from './house/imports.ts';
import {
  outboundExceptions,
  programExceptions,
  roomExceptions,
  testsMayImport,
  undeclaredPackages,
} from './house/rules.ts';
import { readHouse, tooLittle } from './house/source.ts';
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

type Files = { readonly [path: string]: string };

/** The rooms that most of the planted houses need. */
const rooms: Files = {
  'src/model/digest.ts': 'export const a = 1;',
  'src/contract/gate.ts': "import { a } from '../model/digest.ts'; export const b = a;",
  'src/languages/graphql/read.ts': 'export const c = 1;',
  'src/gates/http/wire.ts': 'export const d = 1;',
  'src/providers/railway/read.ts': 'export const e = 1;',
  'src/stores/sqlite/store.ts': 'export const f = 1;',
  'src/road/holds/holds.ts': 'export const g = 1;',
  'src/road/mediate.ts': 'export const h = 1;',
  'src/upstream/dial/dial.ts': 'export const i = 1;',
  'src/daemon/main.ts': 'export const j = 1;',
  'src/cli/main.ts': 'export const k = 1;',
  'test/golden/corpus.ts': 'export const l = 1;',
};

function check(planted: Files): readonly Violation[] {
  const files = { ...rooms, ...planted };
  const surroundings: Surroundings = {
    dependencies: new Set(['undici', 'graphql', '@peculiar/x509']),
    otherPackages: new Set(['vitest', 'pg']),
    exists: (path) => path in files,
  };
  return checkHouse(
    Object.entries(files).map(([path, text]) => readModule(path, text)),
    surroundings,
  );
}

function rulesBroken(planted: Files): readonly string[] {
  return [...new Set(check(planted).map((one) => one.rule))];
}

test('a house that keeps the rules is left in peace', () => {
  expect(
    check({
      'src/daemon/join.ts':
        "import '../road/mediate.ts'; import '../gates/http/wire.ts'; import '../upstream/dial/dial.ts';",
      'src/gates/http/read.ts':
        "import '../../languages/graphql/read.ts'; import type { d } from './wire.ts'; import '@peculiar/x509';",
      'src/road/clear.ts':
        "import './holds/holds.ts'; import '../model/digest.ts'; import { join } from 'node:path'; join();",
      'src/upstream/http/http.ts':
        "import { Pool } from 'undici'; import { connect } from 'node:net'; fetch('x'); new Pool(connect);",
    }),
  ).toEqual([]);
});

/** What is planted, and the rule that has to see it. */
const planted: readonly (readonly [what: string, rule: Violation['rule'], files: Files])[] = [
  ['model imports a contract', 'rooms', { 'src/model/bad.ts': "import '../contract/gate.ts';" }],
  ['contract imports the road', 'rooms', { 'src/contract/bad.ts': "import '../road/mediate.ts';" }],
  ['a gate imports the road', 'rooms', { 'src/gates/http/bad.ts': "import '../../road/mediate.ts';" }],
  ['a gate imports another gate', 'rooms', { 'src/gates/mcp/bad.ts': "import '../http/wire.ts';" }],
  ['a store imports a language', 'rooms', { 'src/stores/sqlite/bad.ts': "import '../../languages/graphql/read.ts';" }],
  ['a provider imports a gate', 'rooms', { 'src/providers/railway/bad.ts': "import '../../gates/http/wire.ts';" }],
  ['a type-only import counts', 'rooms', { 'src/road/bad.ts': "import type { i } from '../upstream/dial/dial.ts';" }],
  [
    'an inline type import counts',
    'rooms',
    { 'src/road/bad.ts': "import { type i } from '../upstream/dial/dial.ts';" },
  ],
  ['an import type counts', 'rooms', { 'src/road/bad.ts': "export type X = import('../upstream/dial/dial.ts').i;" }],
  ['an export from counts', 'rooms', { 'src/road/bad.ts': "export { i } from '../upstream/dial/dial.ts';" }],
  ['an export star counts', 'rooms', { 'src/road/bad.ts': "export * from '../upstream/dial/dial.ts';" }],
  ['import() counts', 'rooms', { 'src/road/bad.ts': "await import('../upstream/dial/dial.ts');" }],
  ['import() of a template counts', 'rooms', { 'src/road/bad.ts': 'await import(`../upstream/dial/dial.ts`);' }],
  ['require counts', 'rooms', { 'src/road/bad.ts': "require('../upstream/dial/dial.ts');" }],
  ['import = require counts', 'rooms', { 'src/road/bad.ts': "import x = require('../upstream/dial/dial.ts');" }],
  [
    'a worker counts',
    'rooms',
    { 'src/road/bad.ts': "new Worker(new URL('../upstream/dial/dial.ts', import.meta.url));" },
  ],
  ['a way round by dots counts', 'rooms', { 'src/road/bad.ts': "import '../model/../upstream/dial/dial.ts';" }],
  ['the daemon imports the command line', 'rooms', { 'src/daemon/bad.ts': "import '../cli/main.ts';" }],
  [
    'the command line loads what works offline at start',
    'rooms',
    { 'src/cli/bad.ts': "import '../daemon/offline.ts';", 'src/daemon/offline.ts': '' },
  ],
  ['the command line loads the daemon', 'rooms', { 'src/cli/bad.ts': "await import('../daemon/main.ts');" }],
  ['the command line imports the road', 'rooms', { 'src/cli/bad.ts': "await import('../road/mediate.ts');" }],
  ['src imports its tests’ corpus', 'rooms', { 'src/road/bad.ts': "import '../../test/golden/corpus.ts';" }],
  ['a unit test imports a strange room', 'rooms', { 'src/road/bad.test.ts': "import '../gates/http/wire.ts';" }],
  ['a module outside every room', 'rooms', { 'src/utils/bad.ts': 'export const x = 1;' }],
  ['a module loose in src', 'rooms', { 'src/bad.ts': 'export const x = 1;' }],
  ['a module loose among the gates', 'rooms', { 'src/gates/bad.ts': 'export const x = 1;' }],
  ['a test is imported', 'tests', { 'src/road/x.test.ts': '', 'src/road/bad.ts': "import './x.test.ts';" }],
  [
    'two modules import each other',
    'cycle',
    { 'src/road/a.ts': "import './b.ts';", 'src/road/b.ts': "import './a.ts';" },
  ],
  [
    'a knot of types',
    'cycle',
    { 'src/road/a.ts': "import type { B } from './b.ts';", 'src/road/b.ts': "import type { A } from './a.ts';" },
  ],
  ['a module imports itself', 'cycle', { 'src/road/a.ts': "import './a.ts';" }],
  ['a missing file', 'resolves', { 'src/road/bad.ts': "import './gone.ts';" }],
  ['a path without its ending', 'resolves', { 'src/road/bad.ts': "import './mediate';" }],
  ['a socket in the road', 'outbound', { 'src/road/bad.ts': "import net from 'node:net';" }],
  ['a socket in a feature', 'outbound', { 'src/features/scan/bad.ts': "import { connect } from 'node:tls';" }],
  ['undici in a channel', 'outbound', { 'src/channels/webhook/bad.ts': "import { request } from 'undici';" }],
  [
    'a lookup of a name',
    'outbound',
    { 'src/providers/railway/bad.ts': "import { resolve } from 'node:dns/promises';" },
  ],
  ['a datagram', 'outbound', { 'src/stores/sqlite/bad.ts': "import { createSocket } from 'node:dgram';" }],
  ['import() of a socket', 'outbound', { 'src/road/bad.ts': "const { connect } = await import('node:net');" }],
  [
    'the HTTP gate connects',
    'outbound',
    { 'src/gates/http/bad.ts': "import { createServer, connect } from 'node:net';" },
  ],
  [
    'the HTTP gate takes all of node:http',
    'outbound',
    { 'src/gates/http/bad.ts': "import * as http from 'node:http';" },
  ],
  ['the daemon makes a request', 'outbound', { 'src/daemon/bad.ts': "import { request } from 'node:http';" }],
  ['fetch', 'outbound', { 'src/road/bad.ts': "await fetch('https://example.org');" }],
  ['fetch passed on', 'outbound', { 'src/road/bad.ts': 'const send = { with: fetch };' }],
  ['fetch in a shorthand', 'outbound', { 'src/road/bad.ts': 'const send = { fetch };' }],
  ['a WebSocket', 'outbound', { 'src/channels/console/bad.ts': "new WebSocket('wss://example.org');" }],
  ['fetch by globalThis', 'blind', { 'src/road/bad.ts': "globalThis['fet' + 'ch']('x');" }],
  ['createRequire', 'blind', { 'src/road/bad.ts': "import { createRequire } from 'node:module'; createRequire('x');" }],
  ['getBuiltinModule', 'blind', { 'src/road/bad.ts': "process.getBuiltinModule('node:net');" }],
  ['a computed import', 'blind', { 'src/road/bad.ts': 'await import(name);' }],
  ['a computed require', 'blind', { 'src/road/bad.ts': 'require(name);' }],
  ['a program started by the road', 'programs', { 'src/road/bad.ts': "import { spawn } from 'node:child_process';" }],
  ['a package nobody declared', 'declared', { 'src/road/bad.ts': "import 'left-pad';" }],
  ['a package declared for tests only', 'declared', { 'src/road/bad.ts': "import 'vitest';" }],
  ['a scoped package nobody declared', 'declared', { 'src/road/bad.ts': "import '@peculiar/other/deep';" }],
  ['a built-in without its prefix', 'declared', { 'src/road/bad.ts': "import 'fs';" }],
  ['a tool’s undeclared package', 'declared', { 'tools/bad.ts': "import 'left-pad';" }],
  ['the tools’ own exception elsewhere', 'declared', { 'test/bad.ts': "import 'rolldown/parseAst';" }],
];

test.each(planted)('sees: %s (%s)', (_what, rule, files) => {
  expect(rulesBroken(files)).toEqual([rule]);
});

/** What looks like a break and is none. */
const innocent: readonly (readonly [what: string, files: Files])[] = [
  ['a specifier in a string', { 'src/road/ok.ts': `const text = "import x from '../upstream/dial/dial.ts'";` }],
  ['a specifier in a comment', { 'src/road/ok.ts': "// import '../upstream/dial/dial.ts'\n/* fetch('x') */" }],
  ['a specifier in a template', { 'src/road/ok.ts': "const text = `import '../upstream/dial/dial.ts'`;" }],
  ['a member called fetch', { 'src/daemon/ok.ts': 'serve({ fetch: app.fetch });' }],
  ['the type of fetch', { 'src/road/ok.ts': 'export type Fetch = typeof fetch;' }],
  ['the type of a socket', { 'src/road/ok.ts': "import type { Socket } from 'node:net'; export type S = Socket;" }],
  ['isIP', { 'src/road/ok.ts': "import { isIP } from 'node:net'; isIP('x');" }],
  [
    'the HTTP gate listens',
    { 'src/gates/http/ok.ts': "import { createServer, type IncomingMessage } from 'node:http'; createServer();" },
  ],
  [
    'a unit test plays the far side',
    {
      'src/upstream/http/http.test.ts': "import { createServer } from 'node:http'; import 'vitest'; await fetch('x');",
    },
  ],
  [
    'a unit test keeps its records in the real store',
    { 'src/road/x.test.ts': "import '../stores/sqlite/store.ts'; import '../../test/golden/corpus.ts';" },
  ],
  ['a test uses its fixture', { 'src/road/x.fixture.ts': '', 'src/road/x.test.ts': "import './x.fixture.ts';" }],
  [
    'the command line loads what works offline lazily',
    { 'src/cli/up.ts': "await import('../daemon/offline.ts');", 'src/daemon/offline.ts': '' },
  ],
  ['an asset', { 'src/road/ok.ts': "import data from './data.json' with { type: 'json' };", 'src/road/data.json': '' }],
];

test.each(innocent)('leaves alone: %s', (_what, files) => {
  const { 'src/road/data.json': _asset, ...modules } = files;
  const known = { ...rooms, ...files };
  const violations = checkHouse(
    Object.entries({ ...rooms, ...modules }).map(([path, text]) => readModule(path, text)),
    { dependencies: new Set(['undici']), otherPackages: new Set(['vitest']), exists: (path) => path in known },
  );
  expect(violations).toEqual([]);
});

test('the line that is reported is the line of the import', () => {
  const [found] = check({
    'src/road/bad.ts': "\n\nimport '../model/digest.ts';\nimport '../upstream/dial/dial.ts';\n",
  });
  expect(found).toMatchObject({ path: 'src/road/bad.ts', line: 4 });
});

test('a module that does not parse is not passed over', () => {
  expect(() => readModule('src/road/bad.ts', 'import {')).toThrow(/parse/i);
});

test('property: an import of another room is seen wherever in a module it stands', () => {
  const filler = fc.constantFrom(
    'const a = 1;',
    '/* import */',
    '// x\n',
    'const b = `${1}`;',
    'function f() { return /[\'"`]/; }',
    "const c = '//';",
    'type T<X> = X;',
  );
  fc.assert(
    fc.property(fc.array(filler), fc.array(filler), (before, after) => {
      const text = `${before.map((line) => `{${line}\n}`).join('\n')}\nimport '../upstream/dial/dial.ts';\n${after.map((line) => `{${line}\n}`).join('\n')}`;
      expect(rulesBroken({ 'src/road/bad.ts': text })).toEqual(['rooms']);
    }),
    { numRuns: 200 },
  );
});

test('rooms are those of docs/architecture.md', () => {
  expect(roomOf('src/gates/http/authority/leaf.ts')).toBe('gates/http');
  expect(roomOf('src/road/holds/holds.ts')).toBe('road');
  expect(roomOf('src/gates/loose.ts')).toBeUndefined();
  expect(roomOf('test/x.ts')).toBeUndefined();
});

test('every exception has a reason', () => {
  for (const { why } of [
    ...roomExceptions,
    ...testsMayImport,
    ...outboundExceptions,
    ...programExceptions,
    ...undeclaredPackages,
  ]) {
    expect(why.length).toBeGreaterThan(10);
  }
});

test('property: a chain has no knot, a ring is one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 39 }), (length, back) => {
      const names = Array.from({ length }, (_, index) => `m${index}`);
      const chain = new Map(names.map((name, index) => [name, names.slice(index + 1)]));
      expect(cyclesIn(chain)).toEqual([]);
      const target = names[back % length] ?? '';
      const ring = new Map([...chain, [names.at(-1) ?? '', [target]]]);
      expect(cyclesIn(ring).flat().toSorted()).toEqual(names.slice(back % length).toSorted());
    }),
  );
});

describe('a checker that reads nothing passes nothing', () => {
  const house = readHouse(join(import.meta.dirname, '..'));

  test('an empty tree is below the floor', () => {
    const nothing = { ...house, modules: [], underRead: [], seen: { modules: 0, imports: 0, rooms: 0 } };
    expect(tooLittle(nothing, { modules: 1, imports: 1 })).toHaveLength(2);
  });

  test('a parser that misses imports is found out', () => {
    const half = { ...house, underRead: ['src/road/mediate.ts'] };
    expect(tooLittle(half, { modules: 0, imports: 0 })).toHaveLength(1);
  });

  test('the real tree is read, and the text search agrees', () => {
    expect(house.seen.modules).toBeGreaterThanOrEqual(24);
    expect(house.underRead).toEqual([]);
  });
});

describe('the list of dependencies', () => {
  const lock = JSON.stringify({
    packages: {
      '': { dependencies: { a: '^1.0.0' } },
      'node_modules/a': { version: '1.2.0', license: 'MIT', dependencies: { b: '1' } },
      'node_modules/b': { version: '2.0.0', license: 'MIT' },
      'node_modules/a/node_modules/b': { version: '1.0.0', license: 'ISC', hasInstallScript: true },
      'node_modules/only-for-tests': { version: '1.0.0', license: 'MIT' },
    },
  });
  const right = '| `a` | 1.2.0 | MIT | none | because |\n| `b` | 1.0.0 | ISC | yes | of a |';

  test('follows what ships, nested versions included', () => {
    expect(shippedPackages(lock).map((one) => `${one.name} ${one.version}`)).toEqual(['a 1.2.0', 'b 1.0.0']);
    expect(lockedPackages(lock)).toHaveLength(4);
  });

  test.each([
    ['the truth', right, 0],
    ['a missing package', '| `a` | 1.2.0 | MIT | none | because |', 1],
    ['another version', right.replace('1.2.0', '1.1.0'), 2],
    ['another licence', right.replace('MIT', 'GPL-3.0'), 1],
    ['a hidden install script', right.replace('yes', 'none'), 1],
    ['no reason', right.replace('because', ''), 1],
    ['a package that is gone', `${right}\n| \`c\` | 1.0.0 | MIT | none | because |`, 1],
  ])('%s', (_what, markdown, count) => {
    expect(checkDependencyList(markdown, shippedPackages(lock))).toHaveLength(count);
  });
});
