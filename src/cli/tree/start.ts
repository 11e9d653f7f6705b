import { signing, type Chapter } from './spec.ts';

const passphrase = signing.filter((one) => one.flags.startsWith('--passphrase'));

export const start: Chapter = {
  title: 'Start and stop:',
  commands: [
    {
      path: 'up',
      what: 'start the daemon and its gates, and make the first signer',
      options: [
        { flags: '--same-user', what: 'tier T0: run as this OS user, for trying it out; the promise is not claimed' },
        { flags: '--api-port <port>', what: 'where people and this command line reach it (7777)' },
        { flags: '--http-port <port>', what: 'the HTTP gate for agents (7780)' },
        { flags: '--postgres-port <port>', what: 'the PostgreSQL gate for agents (7432)' },
        { flags: '--foreground', what: 'stay here until the daemon ends' },
        {
          flags: '--delete-delay <duration>',
          what: 'how long a signed provider delete waits, instead of what is applied',
        },
        { flags: '--signer <name>', what: 'name of the first signer' },
        { flags: '--skip-signer', what: 'make no signer now; print the one-time code' },
        { flags: '--new-key <file>', what: 'where the first signer’s key is written' },
        { flags: '--service-user <name>', what: 'with sudo: the OS user that the daemon runs as (holdpoint)' },
        { flags: '--agent-user <name>', what: 'with sudo: the OS user that agents run as (holdpoint-agent)' },
        ...passphrase,
      ],
      examples: [
        ['sudo holdpoint up', 'tier T1: the daemon apart from the agents’ OS user'],
        ['holdpoint up --same-user', 'tier T0: a seat belt, without root'],
      ],
      load: async () => (await import('../commands/up.ts')).up,
    },
    {
      path: 'down',
      what: 'stop the daemon; nothing gets through the gates without it',
      options: [
        {
          flags: '--remove-users',
          what: 'with sudo: also remove the OS users that `up` made; every file stays, and becomes root’s',
        },
      ],
      examples: [
        ['holdpoint down', 'holds and approvals wait for the next `up`'],
        ['sudo holdpoint down --remove-users', 'take back what `sudo holdpoint up` made'],
      ],
      load: async () => (await import('../commands/down.ts')).down,
    },
    {
      path: 'status',
      what: 'tier, addresses, journal, holds, what is not covered',
      examples: [
        ['holdpoint status', ''],
        ['holdpoint status --json | jq .tier', ''],
      ],
      load: async () => (await import('../commands/status.ts')).status,
    },
    {
      path: 'doctor',
      what: 'look whether the set-up is as it should be; with --attack try it as the agent, and prove the tier',
      options: [
        { flags: '--attack', what: 'try as the agent’s OS user what it must not be able to do' },
        { flags: '--user <os user>', what: 'as whom, instead of the user that `up` made for agents' },
        { flags: '--path <dir>', what: 'look for credentials here too', list: true },
        { flags: '--unit <file>', what: 'look at this systemd unit too; needs no daemon', list: true },
      ],
      examples: [
        ['holdpoint doctor', ''],
        ['sudo holdpoint doctor --attack', 'exit 0 where the tier it was started as is proved, 1 where not'],
        ['holdpoint doctor --attack --json | jq .tier', 'at T0'],
      ],
      load: async () => (await import('../commands/doctor.ts')).doctor,
    },
    {
      path: 'exec',
      words: ['[agent]'],
      program: true,
      what: 'run an agent: its token, the gate as its way out, no credential of yours',
      options: [
        {
          flags: '--token-file <file>',
          what: 'the agent’s token, instead of asking for it (or HOLDPOINT_AGENT_TOKEN)',
        },
        { flags: '--user <os user>', what: 'as root: the OS user that the agent runs as (the one that `up` made)' },
        { flags: '--keep <name>', what: 'pass this variable on although it looks like a credential', list: true },
        { flags: '--database <upstream>', what: 'where DATABASE_URL leads, when the token reaches several databases' },
      ],
      examples: [
        ['holdpoint exec cursor -- cursor .', ''],
        ['sudo holdpoint exec cursor --user holdpoint-agent -- bash', 'as its own OS user (T1)'],
        ['holdpoint exec claude --keep ANTHROPIC_API_KEY -- claude', 'the agent’s own model key stays'],
        ['holdpoint exec cursor --database pg-staging -- npm run migrate', ''],
      ],
      load: async () => (await import('../commands/exec.ts')).exec,
    },
    {
      path: 'apply',
      what: 'put holdpoint.yaml in force: checked, shown as a difference, replayed over the journal, signed',
      options: [
        { flags: '--file <file>', what: 'the configuration (holdpoint.yaml)' },
        { flags: '--policies <dir>', what: 'a directory of *.cedar files; left out, the policy in force stays' },
        { flags: '--default-policy', what: 'go back to the policy that ships with holdpoint' },
        { flags: '--since <duration>', what: 'how far back the journal is replayed under it first: 7d unless said' },
        { flags: '--for <duration>', what: 'how long that may take: 10s unless said' },
        ...signing,
      ],
      examples: [
        ['holdpoint apply', ''],
        ['holdpoint apply --file infra/holdpoint.yaml --policies infra/policy', ''],
      ],
      load: async () => (await import('../commands/policies.ts')).apply,
    },
  ],
};
