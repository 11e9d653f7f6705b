import { signing, type Chapter } from './spec.ts';

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
      words: ['[id]'],
      what: 'put back what an act changed; conflicts are shown first',
      options: [{ flags: '--over-conflicts', what: 'overwrite what was written since' }],
      examples: [
        ['holdpoint undo list', ''],
        ['holdpoint undo show im_01J…', 'what it would do'],
        ['holdpoint undo im_01J…', 'do it'],
      ],
      load: async () => (await import('../commands/undo.ts')).undo,
    },
    {
      path: 'undo list',
      what: 'what can be put back',
      options: [{ flags: '--all', what: 'with those that are undone or void' }],
      examples: [['holdpoint undo list', '']],
      load: async () => (await import('../commands/undo.ts')).list,
    },
    {
      path: 'undo show',
      words: ['<id>'],
      what: 'what one undo would do, and what was written since',
      examples: [['holdpoint undo show im_01J…', '']],
      load: async () => (await import('../commands/undo.ts')).show,
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
