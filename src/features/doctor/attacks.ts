/** Names of the attacks that `doctor --attack` makes, as they stand in reports and in the journal. */
export const attackNames = [
  'read-files',
  'write-files',
  'read-process',
  'trace-process',
  'open-inspector',
  'signal-daemon',
  'change-program',
  'become-another',
  'use-command-line',
  'use-api',
  'mint-token',
  'find-credentials',
  'go-round',
] as const;

export type AttackName = (typeof attackNames)[number];

/** What an attack is for: the tier that it disproves when it succeeds, and what closes it. */
export interface Attack {
  readonly name: AttackName;
  /** What is tried, as a person would say it. */
  readonly what: string;
  /** The lowest tier that promises that it fails. */
  readonly guards: 'T1' | 'T2';
  /** A command, or a step, that closes it. */
  readonly closes: string;
}

export const attacks: { readonly [name in AttackName]: Attack } = {
  'read-files': {
    name: 'read-files',
    what: 'read the vault, its key, the journal, the human’s token and the signers’ keys',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'write-files': {
    name: 'write-files',
    what: 'change the store, the policy and configuration in force, or put files beside them',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'read-process': {
    name: 'read-process',
    what: 'read the daemon’s memory, environment and open files',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'trace-process': {
    name: 'trace-process',
    what: 'attach a debugger to the daemon',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'open-inspector': {
    name: 'open-inspector',
    what: 'open Node’s inspector in the daemon by a signal',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'signal-daemon': {
    name: 'signal-daemon',
    what: 'stop or kill the daemon',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'change-program': {
    name: 'change-program',
    what: 'change the program that the daemon runs, or how the system starts it',
    guards: 'T1',
    closes: 'chown -R root:root and chmod -R go-w what is named here, then: holdpoint down && sudo holdpoint up',
  },
  'become-another': {
    name: 'become-another',
    what: 'become root or the daemon’s user, by sudo, su or a group that amounts to it',
    guards: 'T1',
    closes: 'take the agent’s user out of the groups and sudoers files that are named here: gpasswd -d <user> <group>',
  },
  'use-command-line': {
    name: 'use-command-line',
    what: 'look and decide as the human, by the command line',
    guards: 'T1',
    closes: 'holdpoint down && sudo holdpoint up',
  },
  'use-api': {
    name: 'use-api',
    what: 'look, approve and apply by the API, without a token, with a made-up one, with one that was found',
    guards: 'T1',
    closes: 'holdpoint token revoke <the token that is named here>; holdpoint down && sudo holdpoint up',
  },
  'mint-token': {
    name: 'mint-token',
    what: 'mint a token, and enrol a signer, without a signature',
    guards: 'T1',
    closes: 'holdpoint freeze, and report it: this is a defect',
  },
  'find-credentials': {
    name: 'find-credentials',
    what: 'find a credential that the vault keeps, a signer’s key or a human’s token in files that it can read',
    guards: 'T1',
    closes:
      'remove what is named here, and rotate it: holdpoint vault remove, holdpoint signer remove, holdpoint token revoke',
  },
  'go-round': {
    name: 'go-round',
    what: 'reach a provider directly, without the gate',
    guards: 'T2',
    closes: 'let the agent’s user out to the gates only (a sandbox or a firewall rule for its uid): see docs/tiers.md',
  },
};
