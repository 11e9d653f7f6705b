import { signing, type Chapter, type OptionSpec } from './spec.ts';

/** Which acts are meant, where no single one is named. */
const spans: readonly OptionSpec[] = [
  { flags: '--agent <name>', what: 'what this agent did' },
  { flags: '--since <time>', what: 'from then on: 14:05 today, or 2026-11-23T14:05:00Z' },
  { flags: '--environment <name>', what: 'of that, what was done there' },
];

export const decide: Chapter = {
  title: 'Decide:',
  commands: [
    {
      path: 'watch',
      what: 'print alarms as they are raised; raise one when the daemon falls silent',
      options: [{ flags: '--for <duration>', what: 'stop after so long: 30s, 15m, 8h' }],
      examples: [
        ['holdpoint watch', ''],
        ['holdpoint watch --json | while read -r alarm; do notify-send "$alarm"; done', ''],
      ],
      load: async () => (await import('../commands/watch.ts')).watch,
    },
    {
      path: 'approve',
      words: ['<hold>'],
      what: 'read the whole held action, type what varies, sign exactly that',
      options: [
        { flags: '--mode <mode>', what: 'now or delayed, where policy lets you choose' },
        { flags: '--typed <text>', what: 'the fact that the page asks for, where nobody sits at a terminal' },
        ...signing,
      ],
      examples: [
        ['holdpoint approve hp_7K3QXM', ''],
        ['holdpoint approve hp_7K3QXM --mode now', 'for an act that would else be delayed, where policy allows it'],
      ],
      load: async () => (await import('../commands/approve.ts')).approve,
    },
    {
      path: 'deny',
      words: ['<hold>'],
      what: 'refuse it, and lock the same goal for this agent at every door',
      options: [
        { flags: '--note <text>', what: 'what the agent is told' },
        { flags: '--sign', what: 'sign the denial too' },
        ...signing,
      ],
      examples: [['holdpoint deny hp_7K3QXM --note "customers is live; archive it instead"', '']],
      load: async () => (await import('../commands/approve.ts')).deny,
    },
    {
      path: 'cancel',
      words: ['<hold>'],
      what: 'stop one that is approved or scheduled, in one step',
      examples: [['holdpoint cancel hp_7K3QXM', '']],
      load: async () => (await import('../commands/holds.ts')).cancel,
    },
    {
      path: 'run',
      words: ['<hold>'],
      what: 'send the frozen plan of an approved hold (agents: with their own token)',
      examples: [
        ['holdpoint run hp_7K3QXM', ''],
        ['HOLDPOINT_TOKEN=hpa_… holdpoint run hp_7K3QXM', 'as the agent that asked'],
      ],
      load: async () => (await import('../commands/run.ts')).run,
    },
    {
      path: 'wait',
      words: ['<hold>'],
      what: 'wait until a human has decided (agents: with their own token)',
      options: [{ flags: '--for <duration>', what: 'how long: 20s unless said' }],
      examples: [['holdpoint wait hp_7K3QXM --for 10m', 'exit 0 approved, 3 refused, 4 still held']],
      load: async () => (await import('../commands/holds.ts')).wait,
    },
    {
      path: 'withdraw',
      words: ['<hold>'],
      what: 'take back what was asked for (agents: with their own token)',
      examples: [['HOLDPOINT_TOKEN=hpa_… holdpoint withdraw hp_7K3QXM', 'as the agent that asked']],
      load: async () => (await import('../commands/holds.ts')).withdraw,
    },
    {
      path: 'undo',
      words: ['[what]', '[time]'],
      what: 'put back what acts changed, newest first: by journal entry, hold, agent, moment or id; the plan is shown first',
      options: [
        ...spans,
        { flags: '--over-conflicts', what: 'overwrite what was written since' },
        { flags: '--to-schema <name>', what: 'put one act’s rows into new tables there, and touch nothing else' },
      ],
      examples: [
        ['holdpoint undo 412', 'the act of that entry of the journal'],
        ['holdpoint undo hp_7K3QXM', 'what ran from that hold'],
        ['holdpoint undo cursor', 'everything of that agent that is in effect'],
        ['holdpoint undo since 14:05 --environment staging', 'everybody’s, since then, today'],
        ['holdpoint undo cursor --since 2026-11-23T14:05:00Z', 'one agent’s, since then'],
        ['holdpoint undo im_01J…', 'one, by its id'],
        ['holdpoint undo 412 --to-schema before_412', 'the rows as they were, beside those that are there'],
      ],
      load: async () => (await import('../commands/undo.ts')).undo,
    },
    {
      path: 'undo list',
      what: 'what can be put back',
      options: [
        { flags: '--agent <name>', what: 'only what this agent did' },
        { flags: '--environment <name>', what: 'only what was done there' },
        { flags: '--state <state>', what: 'secured, settled, undone, void or purged' },
        { flags: '--all', what: 'with those that are undone, void or purged' },
      ],
      examples: [
        ['holdpoint undo list', ''],
        ['holdpoint undo list --agent cursor --environment staging', ''],
        ['holdpoint undo list --state undone --json', ''],
      ],
      load: async () => (await import('../commands/undo.ts')).list,
    },
    {
      path: 'undo show',
      words: ['[what]', '[time]'],
      what: 'what an undo would do, and what was written since; nothing is done',
      options: spans,
      examples: [
        ['holdpoint undo show cursor', 'one plan for all that this agent did'],
        ['holdpoint undo show since 14:05', ''],
        ['holdpoint undo show im_01J…', ''],
      ],
      load: async () => (await import('../commands/undo.ts')).show,
    },
    {
      path: 'undo purge',
      words: ['[id]'],
      what: 'end undos for good: what was secured is gone; signed',
      options: [
        { flags: '--id <ids>', what: 'these, besides or instead', list: true },
        { flags: '--older-than <duration>', what: 'all that were secured longer ago: 90d' },
        { flags: '--agent <name>', what: 'of these, what this agent did' },
        { flags: '--environment <name>', what: 'of these, what was done there' },
        ...signing,
      ],
      examples: [
        ['holdpoint undo purge im_01J…', ''],
        ['holdpoint undo purge --older-than 90d --environment staging', 'nothing ends them but this'],
      ],
      load: async () => (await import('../commands/undo-purge.ts')).purge,
    },
    {
      path: 'freeze',
      what: 'stop every agent write at every door, at once',
      options: [
        { flags: '--why <text>', what: 'said to agents and kept in the journal' },
        { flags: '--agent <name>', what: 'stop this agent alone' },
      ],
      examples: [
        ['holdpoint freeze --why "someone is deleting volumes"', ''],
        ['holdpoint freeze --agent cursor', ''],
      ],
      load: async () => (await import('../commands/freeze.ts')).freeze,
    },
    {
      path: 'thaw',
      what: 'let agents write again; signed',
      options: [{ flags: '--agent <name>', what: 'this agent, which was frozen by itself' }, ...signing],
      examples: [
        ['holdpoint thaw', ''],
        ['holdpoint thaw --agent cursor', ''],
      ],
      load: async () => (await import('../commands/freeze.ts')).thaw,
    },
    {
      path: 'clock confirm',
      what: 'say that the time is right after the clock stepped; signed',
      options: signing,
      examples: [['holdpoint clock confirm', '']],
      load: async () => (await import('../commands/clock.ts')).confirm,
    },
  ],
};
