import type { Chapter } from './spec.ts';

export const look: Chapter = {
  title: 'Look:',
  commands: [
    {
      path: 'explain',
      words: ['<about>', '[text]'],
      offers: ['railway', 'graphql'],
      what: 'what a text would do and why, for a provider (railway) or a language (graphql)',
      options: [
        { flags: '--variables <json>', what: 'variables of the text' },
        { flags: '--jsonl', what: 'read {"id","text","variables"?} lines on stdin, write one line for each' },
        {
          flags: '--live',
          what: 'by the policy in force instead of the one that ships; the provider is asked nothing',
        },
        { flags: '--operations', what: 'list the operations and their classes' },
        { flags: '--unresolved', what: 'list the operations without a resolver: they are denied' },
      ],
      examples: [
        [`holdpoint explain railway 'mutation { volumeDelete(volumeId: "v") }'`, ''],
        ['holdpoint explain railway --jsonl < operations.jsonl', ''],
        ['holdpoint explain railway --unresolved', ''],
      ],
      load: async () => (await import('../commands/explain.ts')).explain,
    },
    {
      path: 'scan',
      what: 'find credentials that an agent could read, and what they could destroy; offline, needs no daemon',
      options: [
        { flags: '--path <dir>', what: 'the workspace, ignored files included (the folder you are in)' },
        { flags: '--home <dir>', what: 'whose programs’, agents’ and shells’ own files are read (yours)' },
        { flags: '--no-home', what: 'read nothing of a home directory' },
        { flags: '--only <part>', what: 'only these: workspace, home, agents, history, environment', list: true },
        { flags: '--deep', what: 'also everything in installed packages, not their settings alone' },
        { flags: '--sarif [file]', what: 'a SARIF 2.1.0 log, on stdout or into a file' },
        {
          flags: '--fingerprint-key <file>',
          what: 'a key (16 bytes or more) under which fingerprints of scans compare',
        },
      ],
      examples: [
        ['holdpoint scan', 'exit 0 nothing found, 1 credentials found, 6 nothing could be read'],
        ['holdpoint scan --path . --no-home --sarif scan.sarif', 'as a check in CI'],
        ['holdpoint scan --only agents,history --json', ''],
      ],
      load: async () => (await import('../commands/scan.ts')).scan,
    },
    {
      path: 'policy show',
      what: 'the policy and the configuration in force',
      examples: [['holdpoint policy show', '']],
      load: async () => (await import('../commands/policies.ts')).show,
    },
    {
      path: 'policy check',
      words: ['<dir>'],
      what: 'validate a directory of Cedar files; changes nothing, needs no daemon',
      examples: [['holdpoint policy check infra/policy', '']],
      load: async () => (await import('../commands/policies.ts')).check,
    },
    {
      path: 'journal list',
      what: 'the newest entries of the evidence',
      options: [
        { flags: '--limit <count>', what: 'how many (50)' },
        { flags: '--kind <kind>', what: 'only these: held, approved, settled, exposure, …' },
        { flags: '--hold <hold>', what: 'only what belongs to this hold' },
      ],
      examples: [['holdpoint journal list --hold hp_7K3QXM', '']],
      load: async () => (await import('../commands/journal.ts')).list,
    },
    {
      path: 'journal export',
      what: 'the whole journal as lines, for an independent verifier',
      options: [{ flags: '--file <file>', what: 'write it there instead of to stdout' }],
      examples: [['holdpoint journal export --file journal.ndjson', '']],
      load: async () => (await import('../commands/journal.ts')).exported,
    },
    {
      path: 'journal checkpoint',
      what: 'the newest signed checkpoint, to keep where the daemon cannot reach',
      examples: [['holdpoint journal checkpoint > kept.checkpoint', '']],
      load: async () => (await import('../commands/journal.ts')).checkpoint,
    },
    {
      path: 'journal verify',
      what: 'check every entry and signature; against kept checkpoints, that nothing was cut off or forked',
      options: [
        {
          flags: '--file <file>',
          what: 'an exported journal, instead of the daemon’s; needs no daemon with --public-key',
        },
        { flags: '--public-key <key>', what: 'the journal’s verifier key, or a file with it, as you kept it' },
        { flags: '--checkpoint <file>', what: 'a checkpoint, or a witness’s file of them, as you kept it', list: true },
      ],
      examples: [
        ['holdpoint journal verify', ''],
        ['holdpoint journal verify --file journal.ndjson --public-key key.txt --checkpoint witness.ndjson', ''],
      ],
      load: async () => (await import('../commands/journal.ts')).verify,
    },
    {
      path: 'completion',
      words: ['<shell>'],
      offers: ['bash', 'zsh', 'fish'],
      what: 'print the completion script of a shell',
      examples: [
        ['source <(holdpoint completion bash)', ''],
        ['holdpoint completion fish > ~/.config/fish/completions/holdpoint.fish', ''],
      ],
      load: async (tree) => (await import('../commands/completion.ts')).completionOf(tree),
    },
  ],
};
