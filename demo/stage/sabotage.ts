/**
 * Guards that the demo's own set-up can take out, one by one, so that the check which watches each is seen to go red.
 * Holdpoint knows nothing of them: it is set up wrongly, on purpose.
 */
export const sabotages = [
  /** The real credential stays in the agent's file. */
  'raw-token',
  /** The agent is sent to the provider instead of to the gate. */
  'gate',
  /** The file's token gets every operation. */
  'scope',
  /** The staging token names production too. */
  'environment',
  /** A policy that allows everything is signed. */
  'policy',
  /** Approved deletes wait an hour, not two days. */
  'delay',
  /** No channel for alarms is configured. */
  'alarm',
  /** Nobody freezes. */
  'freeze',
  /** The token is not revoked. */
  'revoke',
  /** The journal is changed before it is verified. */
  'journal',
  /** Nobody undoes. */
  'undo',
  /** Production's database has no second line that looks at what is about to be lost. */
  'rows',
  /** A policy is signed in which any number of rows may go unsigned, once they are secured. */
  'bounds',
  /** Nothing is copied to another account. */
  'backups',
  /** The agent runs as Holdpoint's own OS user (as root only). */
  'user',
] as const;

export type Sabotage = (typeof sabotages)[number];

export function readSabotage(text: string): ReadonlySet<Sabotage> {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(sabotages as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no guard \`${unknown}\`\nknown: ${sabotages.join(', ')}`);
  return new Set(names as Sabotage[]);
}
