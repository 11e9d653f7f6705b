/** One requirement, and the rooms that answer for it. */
export interface Requirement {
  readonly id: string;
  readonly text: string;
  /** Folders of the package. As soon as one of them exists, some test has to cite the id. */
  readonly rooms: readonly string[];
}

/** Everything Holdpoint promises, by the ids that tests cite in their titles. */
export const requirements: readonly Requirement[] = [
  // Credentials
  {
    id: 'C1',
    text: 'no real credential that Holdpoint keeps is in reach of the agent’s OS user',
    rooms: ['src/upstream/vault', 'src/upstream/http'],
  },
  {
    id: 'C2',
    text: 'an agent token is scoped, bound, short-lived, revocable within 1 s, kept as a hash, shown once',
    rooms: ['src/road/identity'],
  },
  {
    id: 'C3',
    text: 'a raw provider credential is refused, never forwarded, reported as an exposure',
    rooms: ['src/gates/http'],
  },
  {
    id: 'C4',
    text: 'minting credentials or widening privileges is always held; secrets in answers are masked',
    rooms: ['src/providers/railway', 'src/road/policy'],
  },
  {
    id: 'C5',
    text: 'credentials rest encrypted, the key elsewhere; rotation survives a crash at any point',
    rooms: ['src/upstream/vault'],
  },
  // Environments
  {
    id: 'E1',
    text: 'a token bound to staging reaches nothing in production',
    rooms: ['src/road/identity', 'src/providers/railway'],
  },
  {
    id: 'E2',
    text: 'a target that resolves to no environment is denied; environments bind to ids',
    rooms: ['src/providers/railway'],
  },
  { id: 'E3', text: 'a credential or permission error is answered with: stop, ask a human', rooms: ['src/road'] },
  {
    id: 'E4',
    text: 'copying production secrets or data into staging is held, and so is running code beside credentials',
    rooms: ['src/providers/railway', 'src/road/policy'],
  },
  // Knowing what an action does
  {
    id: 'K1',
    text: 'a real parser for each language, never a regex verdict',
    rooms: ['src/languages/graphql', 'src/languages/sql'],
  },
  {
    id: 'K2',
    text: 'unknown is irreversible',
    rooms: ['src/languages/graphql', 'src/languages/sql', 'src/providers/railway', 'src/road'],
  },
  { id: 'K3', text: 'arguments change a verdict where they change the effect', rooms: ['src/providers/railway'] },
  { id: 'K4', text: 'the same act gets the same verdict at every door', rooms: ['src/gates/postgres'] },
  { id: 'K5', text: 'evasions fail', rooms: ['src/gates/http', 'src/languages/graphql', 'src/languages/sql'] },
  {
    id: 'K6',
    text: 'a catalogue covers the whole published schema; what has no class fails the build',
    rooms: ['src/providers/railway', 'src/languages/sql'],
  },
  // Human signature
  { id: 'H1', text: 'no value that an agent can send changes a verdict', rooms: ['src/road'] },
  {
    id: 'H2',
    text: 'an approval is a named human’s signature over the digest; once, expiring, checked again',
    rooms: ['src/road/holds'],
  },
  {
    id: 'H3',
    text: 'the hold shows facts measured by us; agent text once, quoted, marked unverified, stripped',
    rooms: ['src/road/holds'],
  },
  {
    id: 'H4',
    text: 'irreversible production acts need the varying fact typed',
    rooms: ['src/road/holds', 'src/road/policy'],
  },
  { id: 'H5', text: 'silence is no; a denial locks the same goal at every door', rooms: ['src/road/holds'] },
  {
    id: 'H6',
    text: 'holds are rare: ordinary work under 1 %, reads never, one migration is one hold',
    rooms: ['src/gates/postgres'],
  },
  { id: 'H7', text: 'freeze stops every agent write at every door within 1 s', rooms: ['src/road/freeze'] },
  {
    id: 'H8',
    text: 'a hold alerts a human within 10 s by a channel the agent cannot mute',
    rooms: ['src/channels/webhook'],
  },
  // Undo
  {
    id: 'U1',
    text: 'a destructive act that runs unsigned has its undo secured, outside the database, first',
    rooms: ['src/providers/postgres'],
  },
  { id: 'U2', text: 'undo brings data back byte for byte and shows conflicts', rooms: ['src/providers/postgres'] },
  {
    id: 'U3',
    text: 'provider deletes are delayed by us, cancellable, checked again when they fire',
    rooms: ['src/road/holds'],
  },
  // Backups
  { id: 'B1', text: 'backups live in another store, account and deletion policy', rooms: ['src/features/backup'] },
  {
    id: 'B2',
    text: 'restore to a new database first; restores are rehearsed and verified',
    rooms: ['src/features/backup'],
  },
  {
    id: 'B3',
    text: 'losing volume, project or account leaves a restorable copy; recovery time is measured',
    rooms: ['src/features/backup'],
  },
  { id: 'B4', text: 'weakening a backup is held', rooms: ['src/features/backup'] },
  // Journal
  {
    id: 'J1',
    text: 'an append-only Merkle log; any change, drop, reorder or fork is found; durable before the act',
    rooms: ['src/road/journal', 'src/features/verify'],
  },
  { id: 'J2', text: 'an incident report comes from the journal', rooms: ['src/features/report'] },
  // Failing
  { id: 'F1', text: 'fail closed everywhere; break-glass is documented and journaled', rooms: ['src/road'] },
  {
    id: 'F2',
    text: 'kill -9 loses no acknowledged record, runs nothing unheld, spends no approval twice',
    rooms: ['src/road/journal', 'src/stores/sqlite'],
  },
  { id: 'F3', text: 'hostile bytes, sizes and speeds are refused within bounds', rooms: ['src/gates/http'] },
  // Scan
  {
    id: 'N1',
    text: 'finds live credentials where agents can read, and says what each can destroy',
    rooms: ['src/features/scan'],
  },
  { id: 'N2', text: 'reports the preconditions of the incident as pass or fail', rooms: ['src/features/scan'] },
  { id: 'N3', text: 'moves a found credential into the vault, reversible byte for byte', rooms: ['src/features/scan'] },
  // Rebuild
  {
    id: 'R1',
    text: 'proposes lost rows from outside evidence; writes nothing unapproved',
    rooms: ['src/features/rebuild'],
  },
  // Honest tiers
  { id: 'T0', text: 'same user: a seat belt, the promise is not claimed', rooms: ['src/features/doctor'] },
  {
    id: 'T1',
    text: 'own user: vault, policy and journal are out of the agent’s reach',
    rooms: ['src/features/doctor'],
  },
  { id: 'T2', text: 'sandbox whose only way out is the gates: the promise holds', rooms: ['src/features/doctor'] },
  {
    id: 'T3',
    text: 'another host, phone or key, witnessed journal, locked backups: in full',
    rooms: ['src/features/doctor'],
  },
];
