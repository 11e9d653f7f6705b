/** The rules of docs/architecture.md's "The rooms", as data: each with the reason it is there. */

export interface Exception {
  /** Room, or path of a module, that is let off. */
  readonly from: string;
  /** Module path or specifier that it may import all the same. */
  readonly to: string;
  /** Only by `import()`, so that a start without it never loads it. */
  readonly lazyOnly: boolean;
  readonly why: string;
}

/** Kinds of room that hold one room a folder. */
export const kindsOfRoom: readonly string[] = ['languages', 'providers', 'gates', 'channels', 'stores', 'features'];

/** Rooms that are one folder, sub-rooms and all. */
export const singleRooms: readonly string[] = ['model', 'contract', 'road', 'upstream', 'daemon', 'cli'];

/** Which rooms a room may import besides itself. `*` is every room but `cli`; `languages/*` every one of the kind. */
export const mayImport: { readonly [room: string]: readonly string[] } = {
  model: [],
  contract: ['model'],
  road: ['model', 'contract'],
  upstream: ['model', 'contract'],
  languages: ['model', 'contract'],
  providers: ['model', 'contract', 'languages/*'],
  gates: ['model', 'contract', 'languages/*'],
  channels: ['model', 'contract'],
  stores: ['model', 'contract'],
  features: ['model', 'contract'],
  daemon: ['*'],
  cli: ['model', 'contract'],
};

export const whyRooms =
  'everybody may import `model` and `contract` and nothing else outside their own room; only `daemon` joins';

/** What the room rule lets through all the same. */
export const roomExceptions: readonly Exception[] = [
  {
    from: 'cli',
    to: 'src/daemon/runtime.ts',
    lazyOnly: true,
    why: '`up` starts the daemon in a process of its own, with the flags that the daemon insists on',
  },
  {
    from: 'cli',
    to: 'src/daemon/offline.ts',
    lazyOnly: true,
    why: '`explain`, `policy check` and the reading of holdpoint.yaml work offline, where no daemon can be asked',
  },
  {
    from: 'cli',
    to: 'src/daemon/backup/offline.ts',
    lazyOnly: true,
    why: '`restore`, `backup verify` and `backup keeper` are a human’s own process: they have to work when the daemon is gone',
  },
  {
    from: 'cli',
    to: 'src/daemon/backup/comparison.ts',
    lazyOnly: true,
    why: '`compare` reads a restored server and the live one as a person does, when the daemon may be gone',
  },
  {
    from: 'cli',
    to: 'src/daemon/ask-offline.ts',
    lazyOnly: true,
    why: '`scan --ask` and `env discover` ask providers before there is a daemon; the dialer is handed in there',
  },
  {
    from: 'cli',
    to: 'src/daemon/connect-database.ts',
    lazyOnly: true,
    why: '`connect` uses an administrator’s credential once, in the person’s own process; the dialer is handed in there',
  },
  {
    from: 'cli',
    to: 'src/daemon/move-offline.ts',
    lazyOnly: true,
    why: '`scan --move` replaces what a person’s own file holds, which the account of the daemon may not touch',
  },
  {
    from: 'cli',
    to: 'src/features/doctor/attacks.ts',
    lazyOnly: true,
    why: '`doctor` makes the attacks as another OS user, in processes that the daemon could not start',
  },
  {
    from: 'cli',
    to: 'src/features/doctor/tier.ts',
    lazyOnly: true,
    why: '`doctor` says what its attempts prove also where the daemon keeps no proof of them',
  },
  {
    from: 'cli',
    to: 'src/features/doctor/routes.ts',
    lazyOnly: true,
    why: '`status` looks into homes that the daemon may not look into',
  },
  {
    from: 'cli',
    to: 'src/features/verify/verify.ts',
    lazyOnly: true,
    why: '`journal verify` must not have to trust the daemon it checks',
  },
  {
    from: 'cli',
    to: 'src/features/verify/lines.ts',
    lazyOnly: true,
    why: '`journal verify` reads exported journals and kept checkpoints as the verifier does',
  },
  {
    from: 'cli',
    to: 'src/features/scan/index.ts',
    lazyOnly: true,
    why: '`scan` reads files as the person at the terminal, who needs no daemon for that',
  },
  {
    from: 'cli',
    to: 'src/features/report/evidence.ts',
    lazyOnly: true,
    why: '`report` works on an exported journal, where no daemon can be asked',
  },
  {
    from: 'cli',
    to: 'src/features/report/build.ts',
    lazyOnly: true,
    why: '`report` must not have to trust the daemon whose journal it tells',
  },
  {
    from: 'cli',
    to: 'src/features/report/markdown.ts',
    lazyOnly: true,
    why: '`report` is written by the feature itself',
  },
];

/** What unit tests (`x.test.ts`) may import besides what their room may. */
export const testsMayImport: readonly { readonly to: string; readonly why: string }[] = [
  { to: 'stores/', why: 'a unit test may keep its records in the real store' },
  { to: 'test/', why: 'corpora and contract suites are shared' },
];

/** Modules through which a process reaches outward. */
export const outboundModules: ReadonlySet<string> = new Set([
  'node:net',
  'node:tls',
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'node:quic',
  'undici',
]);

/** Global names through which a process reaches outward. */
export const outboundGlobals: ReadonlySet<string> = new Set([
  'fetch',
  'WebSocket',
  'WebSocketStream',
  'EventSource',
  'XMLHttpRequest',
]);

export const whyOutbound = 'only `upstream` opens a socket outward; others are handed a dialer';

/** Names of outbound modules that open nothing, free for everybody. */
export const harmlessNames: { readonly [specifier: string]: readonly string[] } = {
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'],
  'node:tls': ['rootCertificates', 'getCACertificates', 'checkServerIdentity'],
  'node:http': ['STATUS_CODES', 'METHODS', 'validateHeaderName', 'validateHeaderValue', 'maxHeaderSize'],
};

export interface OutboundException {
  readonly from: string;
  /** Specifier, or the global's name. */
  readonly use: string;
  /** The only names that may be taken from it; `all` where the room truly speaks outward. */
  readonly names: readonly string[] | 'all';
  readonly why: string;
}

/** Who else may use an outbound module, and which of its names: those that listen. */
export const outboundExceptions: readonly OutboundException[] = [
  {
    from: 'gates/http',
    use: 'node:http',
    names: ['createServer', 'Server', 'IncomingMessage', 'ServerResponse'],
    why: 'listens for agents',
  },
  {
    from: 'gates/http',
    use: 'node:tls',
    names: ['createServer', 'createSecureContext', 'TLSSocket', 'Server'],
    why: 'ends the TLS of an intercepted tunnel',
  },
  {
    from: 'gates/http',
    use: 'node:https',
    names: ['createServer', 'Server'],
    why: 'listens inside an intercepted tunnel',
  },
  { from: 'gates/http', use: 'node:net', names: ['createServer', 'Server'], why: 'listens for agents' },
  { from: 'gates/postgres', use: 'node:net', names: ['createServer', 'Server'], why: 'listens for agents' },
  {
    from: 'gates/postgres',
    use: 'node:tls',
    names: ['createSecureContext', 'TLSSocket'],
    why: 'takes TLS from clients of its own',
  },
  {
    from: 'features/backup',
    use: 'node:net',
    names: ['createServer', 'Server'],
    why: 'the keeper of a backup directory listens, in a process and under an OS user of its own',
  },
  {
    from: 'daemon',
    use: 'node:http',
    names: ['createServer', 'Server', 'IncomingMessage', 'ServerResponse'],
    why: 'serves its API',
  },
  { from: 'daemon', use: 'node:net', names: ['createServer', 'Server'], why: 'serves its API on a socket of its own' },
  { from: 'cli', use: 'node:http', names: 'all', why: 'calls the API of the daemon' },
  {
    from: 'cli',
    use: 'node:dgram',
    names: ['createSocket'],
    why: '`doctor --attack` looks whether the agent’s user has a way out past the gates',
  },
  { from: 'cli', use: 'node:https', names: 'all', why: 'calls the API of a daemon on another machine' },
];

/** Starting programs is a way outward too, so it is kept to the rooms that need it. */
export const programExceptions: readonly { readonly from: string; readonly why: string }[] = [
  {
    from: 'features/backup',
    why: 'starts the server on which a copy is restored, and has PostgreSQL’s tools check it',
  },
  { from: 'upstream', why: 'asks the command that prints the key of the vault' },
  { from: 'daemon', why: 'makes and proves OS users' },
  { from: 'cli', why: 'runs agents (`exec`) and the daemon (`up`)' },
];

export const whyPrograms = 'a program that we start can open any socket';

/** Ways to load a module that no checker sees, or to reach a global by another name. */
export const blindNames: { readonly [name: string]: string } = {
  globalThis: 'reaches any global by a computed name',
  global: 'reaches any global by a computed name',
  createRequire: 'loads modules that this check cannot see',
  getBuiltinModule: 'loads modules that this check cannot see',
  eval: 'runs text',
};

/** Packages that tools import and that no manifest of ours declares. */
export const undeclaredPackages: readonly { readonly name: string; readonly where: string; readonly why: string }[] =
  [];

/** Less than this was never true since these were first counted: seeing fewer means that the check is blind. */
export const floor = { modules: 330, imports: 1_700 } as const;
