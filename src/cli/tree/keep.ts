import { signing, type Chapter } from './spec.ts';

const holds: Chapter['commands'] = [
  {
    path: 'hold list',
    what: 'what waits, is approved or is scheduled',
    options: [
      { flags: '--all', what: 'with those that have ended' },
      { flags: '--state <state>', what: 'only these: waiting, approved, scheduled, done, denied, …' },
    ],
    examples: [['holdpoint hold list', '']],
    load: async () => (await import('../commands/holds.ts')).list,
  },
  {
    path: 'hold show',
    words: ['<hold>'],
    what: 'the whole page that a human signs by',
    examples: [['holdpoint hold show hp_7K3QXM', '']],
    load: async () => (await import('../commands/holds.ts')).show,
  },
  {
    path: 'hold locks',
    what: 'goals that a denial has locked',
    examples: [['holdpoint hold locks', '']],
    load: async () => (await import('../commands/holds.ts')).locks,
  },
  {
    path: 'hold unlock',
    words: ['<lock>'],
    what: 'lift a goal lock, by its id or its hold’s code; signed',
    options: signing,
    examples: [['holdpoint hold unlock hp_7K3QXM', '']],
    load: async () => (await import('../commands/holds.ts')).unlock,
  },
];

const tokens: Chapter['commands'] = [
  {
    path: 'token create',
    words: ['<agent>'],
    what: 'make a token for an agent; signed, shown once',
    options: [
      { flags: '--preset <preset>', what: 'operations in words people use; see `token presets`', list: true },
      {
        flags: '--operation <name>',
        what: 'one operation, exactly: railway:customDomainCreate; `all` for every one',
        list: true,
      },
      { flags: '--env <environment>', what: 'environments it may reach', list: true },
      { flags: '--resource <id>', what: 'only these resources; left out, all in those environments', list: true },
      { flags: '--gate <gate>', what: 'gates it is good at: those of what it is for, unless said', list: true },
      { flags: '--for <duration>', what: 'how long it lives: 8h unless said' },
      { flags: '--purpose <text>', what: 'what it is for; shown with every hold' },
      { flags: '--kind <kind>', what: 'agent, ci or human' },
      {
        flags: '--bind-user <os user>',
        what: 'good on this OS user’s loopback connections alone; for agents the user that `up` made, unless said',
      },
      {
        flags: '--bind-address <range>',
        what: 'good from these addresses instead of this machine: 10.1.0.0/16',
        list: true,
      },
      { flags: '--unbound', what: 'good for every OS user of this machine' },
      { flags: '--save', what: 'keep it in the data directory for `exec`, readable by this account alone' },
      ...signing,
    ],
    examples: [
      ['holdpoint token create cursor --preset railway:domains --env staging', ''],
      ['holdpoint token create cursor --preset postgres:write --env staging', 'good at the PostgreSQL gate'],
      ['holdpoint token create ci --kind ci --preset railway:deploy --env staging --for 30d', ''],
    ],
    load: async () => (await import('../commands/tokens.ts')).create,
  },
  {
    path: 'token list',
    what: 'tokens that are good now, never their secrets',
    options: [{ flags: '--all', what: 'with expired and revoked ones' }],
    examples: [['holdpoint token list', '']],
    load: async () => (await import('../commands/tokens.ts')).list,
  },
  {
    path: 'token revoke',
    words: ['<token>'],
    what: 'end a token at every door within a second, by its id or its agent’s name',
    examples: [['holdpoint token revoke cursor', '']],
    load: async () => (await import('../commands/tokens.ts')).revoke,
  },
  {
    path: 'token presets',
    what: 'words people use for sets of operations',
    options: [{ flags: '--operations', what: 'with every operation they stand for' }],
    examples: [['holdpoint token presets --operations', '']],
    load: async () => (await import('../commands/tokens.ts')).presets,
  },
];

const vault: Chapter['commands'] = [
  {
    path: 'connect',
    words: ['<address>'],
    what: 'make a role for agents on a PostgreSQL server: one script, shown, asked about, applied and tried; signed',
    options: [
      { flags: '--env <environment>', what: 'the environment that this database is' },
      { flags: '--name <upstream>', what: 'upstream and vault entry (pg-<environment>)' },
      { flags: '--preset <preset>', what: 'what the role may: read, write or migrate (write)' },
      { flags: '--schema <schema>', what: 'only these schemas; left out, all that are no system’s', list: true },
      { flags: '--role <role>', what: 'name of the role (holdpoint_agent)' },
      { flags: '--ca <file>', what: 'PEM of an authority to trust for this server' },
      { flags: '--print', what: 'only print the script; nothing is changed, and no daemon is needed' },
      { flags: '--remove', what: 'take away what it made here' },
      { flags: '--yes', what: 'do not ask, having read it before; at a terminal alone' },
      { flags: '--password-fd <number>', what: 'the administrator’s password from this file descriptor' },
      ...signing,
    ],
    examples: [
      ['holdpoint connect postgres://postgres@db.internal:5432/app --env staging', 'asks for the password, used once'],
      ['holdpoint connect postgres://postgres@db.internal/app --print > role.sql', 'for whoever runs such things'],
      ['holdpoint connect postgres://postgres@db.internal/app --remove', ''],
    ],
    load: async () => (await import('../commands/connect.ts')).connect,
  },
  {
    path: 'vault add',
    words: ['<upstream>'],
    what: 'keep the real credential of an upstream; signed, then a hidden prompt',
    options: [
      {
        flags: '--kind <kind>',
        what: 'bearer, project-access-token, or password: how it is presented; left out, the provider is asked',
      },
      {
        flags: '--reach <reach>',
        what: 'environment, or all if it sees every one of its account; left out, the provider is asked',
      },
      { flags: '--not-ask', what: 'keep it without asking the provider what it reaches' },
      { flags: '--provider <provider>', what: 'where no upstream of that name is configured' },
      { flags: '--env <environment>', what: 'where no upstream of that name is configured' },
      { flags: '--note <text>', what: 'for people' },
      { flags: '--secret-fd <number>', what: 'read the credential from this file descriptor, not from the terminal' },
      ...signing,
    ],
    examples: [
      ['holdpoint vault add railway-staging', 'what it reaches is asked of the provider, by reads alone'],
      ['holdpoint vault add pg-staging --provider postgres --env staging', 'user:password of a role for agents'],
      ['holdpoint vault add railway-staging --kind project-access-token --reach environment --secret-fd 3 3<token', ''],
    ],
    load: async () => (await import('../commands/vault-add.ts')).add,
  },
  {
    path: 'vault list',
    what: 'what is kept, never the secrets',
    examples: [['holdpoint vault list', '']],
    load: async () => (await import('../commands/vault.ts')).list,
  },
  {
    path: 'vault remove',
    words: ['<name>'],
    what: 'take a credential out of the vault; signed',
    options: signing,
    examples: [['holdpoint vault remove railway-staging', '']],
    load: async () => (await import('../commands/vault.ts')).remove,
  },
  {
    path: 'vault rotate',
    what: 'seal every credential under a fresh key; signed',
    options: signing,
    examples: [['holdpoint vault rotate', '']],
    load: async () => (await import('../commands/vault.ts')).rotate,
  },
];

const signers: Chapter['commands'] = [
  {
    path: 'signer add',
    words: ['<name>'],
    what: 'enrol a person’s key: the first by the one-time code of `up`, later ones by a signature',
    options: [
      { flags: '--code <code>', what: 'the one-time code that `up` printed' },
      { flags: '--new-key <file>', what: 'where the new key is written' },
      { flags: '--new-passphrase-fd <number>', what: 'the new key’s passphrase from this file descriptor' },
      { flags: '--new-passphrase-file <file>', what: 'the new key’s passphrase from this file (mode 600)' },
      ...signing,
    ],
    examples: [
      ['holdpoint signer add jane --code 4fJk…', 'the first one'],
      ['holdpoint signer add ahmed --signer jane', 'jane signs that ahmed may sign'],
    ],
    load: async () => (await import('../commands/signers.ts')).add,
  },
  {
    path: 'signer list',
    what: 'who can sign',
    examples: [['holdpoint signer list', '']],
    load: async () => (await import('../commands/signers.ts')).list,
  },
  {
    path: 'signer remove',
    words: ['<signer>'],
    what: 'take a key away, by its person’s name or its id; signed',
    options: signing,
    examples: [['holdpoint signer remove ahmed', '']],
    load: async () => (await import('../commands/signers.ts')).remove,
  },
];

const environments: Chapter['commands'] = [
  {
    path: 'env discover',
    what: 'ask a provider which environments a credential reaches; prints what holdpoint.yaml needs',
    options: [
      { flags: '--credential <entry>', what: 'one of the vault: vault:railway-staging; the daemon asks' },
      { flags: '--token-stdin', what: 'one on standard input; asked from here, kept nowhere, needs no daemon' },
      { flags: '--provider <provider>', what: 'whose credential it is (railway)' },
      {
        flags: '--not-production <id or name>',
        what: 'environments that are no production; all others are, whatever their name',
        list: true,
      },
      { flags: '--ask-at <origin>', what: 'a double on this machine instead of the provider’s own host, for tests' },
    ],
    examples: [
      ['holdpoint env discover --provider railway --token-stdin < token.txt', ''],
      ['holdpoint env discover --credential vault:railway-staging --not-production staging', ''],
    ],
    load: async () => (await import('../commands/discover.ts')).discover,
  },
  {
    path: 'env list',
    what: 'environments, and the provider ids that they are bound to',
    examples: [['holdpoint env list', '']],
    load: async () => (await import('../commands/environments.ts')).list,
  },
  {
    path: 'env show',
    words: ['<environment>'],
    what: 'one environment and its upstreams',
    examples: [['holdpoint env show staging', '']],
    load: async () => (await import('../commands/environments.ts')).show,
  },
];

/** How a human reaches a store. */
const reached = [
  { flags: '--kit <file>', what: 'from `holdpoint recovery-kit`; without it the daemon is asked' },
  { flags: '--store <name>', what: 'which of its stores; the first unless said' },
  { flags: '--socket <path>', what: 'of a keeper: its socket `restore`, as its user or root' },
  { flags: '--private', what: 'the object store may be private; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY open it' },
] as const;

const backups: Chapter['commands'] = [
  {
    path: 'backup status',
    what: 'of every backup that is configured: newest copy, where, last good drill; exit 1 unless all are good',
    examples: [
      ['holdpoint backup status', ''],
      ['holdpoint backup status --json | jq ".backups[].verdict"', ''],
    ],
    load: async () => (await import('../commands/backup-status.ts')).status,
  },
  {
    path: 'backup init',
    words: ['<name>'],
    what: 'tries to destroy in every store what it puts there; makes the keys only if nothing worked',
    options: [
      { flags: '--stores <names>', what: 'of `stores` in the holdpoint.yaml in force, with commas' },
      { flags: '--keys <folder>', what: 'for the drill runner’s two keys, 0600; the recovery key is only shown' },
    ],
    examples: [['holdpoint backup init app --stores far,disk --keys ./runner', '']],
    load: async () => (await import('../commands/backup-init.ts')).init,
  },
  {
    path: 'backup now',
    words: ['<name>'],
    what: 'copies the whole server now; done when every store has it with all of its log',
    examples: [['holdpoint backup now app', '']],
    load: async () => (await import('../commands/backup-now.ts')).now,
  },
  {
    path: 'backup list',
    words: ['<name>'],
    what: 'every copy of it, newest first: how far it goes, until when nobody can delete it, whether it was rehearsed',
    examples: [
      ['holdpoint backup list app', ''],
      ['holdpoint backup list app --json | jq ".backups[0].restorableTo"', ''],
    ],
    load: async () => (await import('../commands/backup-list.ts')).list,
  },
  {
    path: 'backup verify',
    words: ['<name>'],
    what: 'reads every object of a store: what is damaged, missing, hidden or forged; exit 1 if anything is',
    options: reached,
    examples: [['sudo holdpoint backup verify app --kit app-kit.json --socket /srv/kept/restore', '']],
    load: async () => (await import('../commands/backup-verify.ts')).verify,
  },
  {
    path: 'backup keeper',
    what: 'runs a store: a directory of another OS user, which takes objects once and deletes none before its time',
    options: [
      { flags: '--dir <dir>', what: 'of the keeper alone, mode 0700' },
      { flags: '--socket <path>', what: 'where daemons put and get; who reaches its folder reaches it' },
      { flags: '--floor <time>', what: 'nothing is kept for less (default 7d)' },
      { flags: '--ceiling <time>', what: 'nothing is kept for more (default 400d)' },
      { flags: '--as-root', what: 'where there is no other user: whoever is root can delete everything' },
    ],
    examples: [
      ['sudo -u holdpoint-keeper holdpoint backup keeper --dir /srv/kept --socket /run/holdpoint-keeper/socket', ''],
    ],
    load: async () => (await import('../commands/backup-keeper.ts')).keeper,
  },
  {
    path: 'recovery-kit',
    words: ['<name>'],
    what: 'what a person needs, beside the recovery key, to restore without a daemon',
    options: [{ flags: '--kit <file>', what: 'print this one again' }],
    examples: [['holdpoint recovery-kit app --json > app-kit.json', '']],
    load: async () => (await import('../commands/backup-verify.ts')).recoveryKit,
  },
  {
    path: 'restore',
    words: ['<name>'],
    what: 'a server of its own as it was at a moment, in a new folder; nothing that exists is touched',
    options: [
      ...reached,
      {
        flags: '--to <moment>',
        what: 'newest (default), 2026-11-24T09:00:00Z, before:<hold>, or before:<entry of the journal>',
      },
      { flags: '--as <folder>', what: 'made here; `data` in it is the cluster' },
      { flags: '--dump <database>', what: 'a logical dump instead, as the file that --as names; pg_restore reads it' },
      { flags: '--identity <file>', what: 'with the AGE-SECRET-KEY-1… of the recovery key or the drill runner' },
      { flags: '--postgres-bin <folder>', what: 'programs of the same major, where they are not found' },
      { flags: '--stop', what: 'stop the server when it is up; its folder stays' },
    ],
    examples: [
      ['holdpoint restore app --to before:hp_7K3QXM --identity recovery.key --as ./app-before', ''],
      ['holdpoint restore app --dump app --identity recovery.key --as ./app.dump', 'where there are dumps alone'],
      ['holdpoint restore app --kit app-kit.json --socket /srv/kept/restore --identity recovery.key --as ./back', ''],
    ],
    load: async () => (await import('../commands/restore.ts')).restore,
  },
  {
    path: 'compare',
    words: ['<folder>'],
    what: 'what `restore` brought back, beside the live database; exit 1 where they differ; reads alone',
    options: [
      { flags: '--with <address>', what: 'the live one, postgres://user@host/database; the gate’s address will do' },
      { flags: '--table <table>', what: 'schema.table: row by row, by its primary key' },
      { flags: '--rows <count>', what: 'how many rows that differ are shown (default 20), or written by --sql' },
      {
        flags: '--sql <file>',
        what: 'write what puts back rows that are gone or changed; read it, then send it yourself',
      },
      { flags: '--as-user <role>', what: 'superuser of the restored server (default postgres)' },
      { flags: '--ca <file>', what: 'PEM of an authority to trust for the live server' },
      { flags: '--password-fd <number>', what: 'the live password from this file descriptor' },
    ],
    examples: [
      ['holdpoint compare ./app-before --with postgres://jane@db.internal/app', 'rows and digests, table by table'],
      ['holdpoint compare ./app-before --with postgres://jane@db.internal/app --table public.bookings', ''],
      [
        'holdpoint compare ./app-before --with postgres://jane@db.internal/app --table public.bookings --rows 100000 --sql back.sql',
        'take back single rows, or a table',
      ],
    ],
    load: async () => (await import('../commands/compare.ts')).compare,
  },
  {
    path: 'drill',
    words: ['<name>'],
    what: 'rehearses a restore on a throw-away server, signs what it found, hands it to the daemon; exit 1 unless good',
    options: [
      ...reached,
      { flags: '--identity <file>', what: 'the drill runner’s AGE-SECRET-KEY-1…' },
      { flags: '--runner <file>', what: 'the drill runner’s private Ed25519 key, PEM' },
      { flags: '--assert <file>', what: 'SQL with one row of one column, which must be true', list: true },
      { flags: '--database <name>', what: 'in which it must be (default postgres)' },
      { flags: '--postgres-bin <folder>', what: 'programs of the same major, where they are not found' },
      { flags: '--out <file>', what: 'write the signed report instead of handing it over' },
      { flags: '--submit <file>', what: 'hand over one that was written' },
    ],
    examples: [
      ['holdpoint drill app --identity app-drill.identity --runner app-runner.pem --assert rows.sql', ''],
      ['holdpoint drill app --submit report.json', ''],
    ],
    load: async () => (await import('../commands/drill.ts')).drill,
  },
];

export const keep: Chapter = {
  title: 'Keep:',
  commands: [...holds, ...tokens, ...vault, ...signers, ...environments, ...backups],
};
