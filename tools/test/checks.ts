/** One check of `npm test`, in the order in which they run. */
export interface Check {
  readonly name: string;
  /** Program of node_modules/.bin, then its arguments. */
  readonly command: readonly [program: string, ...rest: string[]];
  /** Whether it is a run of vitest, whose tests are counted. */
  readonly counts: boolean;
  /** Left out by `--fast`. */
  readonly slow: boolean;
  /** Seconds after which it is ended and counts as failed. */
  readonly limit: number;
  /** What it leaves out unless HOLDPOINT_FULL=1, as CI sets it: what takes long, and whose promise a shorter test states too. */
  readonly fullOnly?: readonly string[];
}

/** Suites that kill processes: they run by themselves, so that what they starve is their own. */
const faultSuites = 'test/fault/**';

const full = process.env['HOLDPOINT_FULL'] === '1';
/** Seconds; where every test is asked for they kill 700 times, and let every file call fail. */
const faultLimit = full ? 5_400 : 1_800;

export const checks: readonly Check[] = [
  { name: 'types', command: ['tsc', '--noEmit'], counts: false, slow: false, limit: 120 },
  { name: 'lint', command: ['oxlint', '--type-aware'], counts: false, slow: false, limit: 120 },
  { name: 'format', command: ['oxfmt', '--check'], counts: false, slow: false, limit: 60 },
  { name: 'house', command: ['node', 'tools/house.ts'], counts: false, slow: false, limit: 60 },
  {
    name: 'unit',
    command: ['vitest', 'run', '--exclude', faultSuites],
    counts: true,
    slow: false,
    limit: full ? 3_600 : 1_500,
    fullOnly: [
      'test/tiers/**',
      'test/clients/**',
      'test/bench/**',
      'test/backup/{drill,restore,source}.test.ts',
      'test/cli/{connect,life}.test.ts',
      'test/egress/daemon.test.ts',
      'test/incident/{all-mutations,hostile,report,stop}.test.ts',
      'test/postgres/{again,binding,bypass,clients,connect,hostile,inverse-types,objects-programs,portals,protocol,remade,roles,tls}.test.ts',
      'test/postgres/undo{,-hostile,-ordinary,-rehearsal,-run}.test.ts',
      'test/railway/{reach,resolve,reversible}.test.ts',
      'test/scan/{no-secret,reach,recall}.test.ts',
      'test/torture/{slow-clients,suite}.test.ts',
      'demo/railway/{double,postgres}.test.ts',
      'src/features/scan/rules/hostile.test.ts',
      'tools/pack.test.ts',
    ],
  },
  {
    name: 'fault',
    command: ['vitest', 'run', 'test/fault/', '--maxWorkers=1'],
    counts: true,
    slow: true,
    limit: faultLimit,
    fullOnly: ['test/fault/{file-faults,journal-tampering,postgres-failover}.test.ts'],
  },
];

/** Programs of the machine that some tests use and npm does not bring. */
export const machineTools: readonly { readonly name: string; readonly usedFor: string }[] = [
  { name: 'curl', usedFor: 'the calls that agents make, by the program they make them with' },
  { name: 'age', usedFor: 'opening a backup without us' },
  { name: 'strace', usedFor: 'the order of writes and fsyncs' },
  { name: 'openssl', usedFor: 'a second opinion on certificates' },
  { name: 'nginx', usedFor: 'the plain reverse proxy of the benchmarks' },
  { name: 'wrk', usedFor: 'load in the benchmarks' },
  { name: 'psql', usedFor: 'PostgreSQL as people type it' },
  { name: 'gh', usedFor: 'GitHub’s command line, one of the clients that agents use' },
  { name: 'unshare', usedFor: 'a world in which the real host names are ours' },
  { name: 'git', usedFor: 'the incident’s repository' },
  { name: 'ps', usedFor: 'what other users see of our processes' },
  { name: 'ss', usedFor: 'what listens where' },
];
