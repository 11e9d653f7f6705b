import { z } from 'zod';
import { duration, isOrigin, milliseconds, slug, vaultEntry } from '../config-words.ts';

const recipient = z
  .string()
  .regex(/^age1[02-9ac-hj-np-z]{58}$/, 'an age recipient is `age1…`, as `holdpoint backup init` prints it');

/** One entry of `backups`, named for the upstream whose server is copied. */
export const backupSchema = z.strictObject({
  source: slug.describe('The upstream, with `replication: true`, by which the server is copied.'),
  stores: z.array(slug).min(1, 'a backup needs a store').max(8).describe('Where it rests: names of `stores`.'),
  keep: duration.default('30d').describe('For how long nobody can delete a copy, we included.'),
  base: duration.default('24h').describe('How often the whole server is copied; its log is copied all the time.'),
  continuous: z
    .boolean()
    .default(true)
    .describe('Base backups and the log. `false` where a host allows no replication: then there are `dumps` alone.'),
  dumps: z
    .strictObject({
      databases: z.array(z.string().min(1).max(63)).min(1).max(50).describe('Each is dumped by itself.'),
      every: duration.default('24h'),
    })
    .optional()
    .describe('Logical dumps, by a pg_dump of the server’s major on this machine. Only their own moment comes back.'),
  recovery: recipient.describe('The offline recovery key’s public half. The private one is on paper, never here.'),
  drill: recipient.optional().describe('The drill runner’s public half. Without one no restore is rehearsed.'),
  runner: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'a runner is an Ed25519 public key, as `holdpoint backup init` prints it')
    .optional()
    .describe('The key by which the drill runner signs what it found. Only such records count as drills.'),
  slot: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, 'a slot is lower-case letters, digits and underscores')
    .optional()
    .describe('Replication slot; `holdpoint_` and the name unless said.'),
  late: z
    .strictObject({
      backup: duration.default('24h').describe('An alarm, when the newest copy is older.'),
      drill: duration.default('7d').describe('An alarm, when the last good drill is older.'),
    })
    .prefault({}),
});

/** One entry of `stores`. */
export const storeSchema = z
  .strictObject({
    keeper: z
      .string()
      .regex(/^\//, 'a socket is a whole path: /run/holdpoint-keeper/socket')
      .optional()
      .describe('Socket of `holdpoint backup keeper`, which another OS user runs.'),
    s3: z.url().refine(isOrigin, 'scheme, host and port only').optional().describe('Endpoint of the object store.'),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'this is no name of a bucket')
      .optional()
      .describe('With versioning and Object Lock in COMPLIANCE mode.'),
    region: z.string().max(40).default('us-east-1'),
    credential: vaultEntry.optional().describe('`key id:secret`; it can put and get, and nothing else.'),
    private: z.boolean().default(false).describe('The endpoint may be private or loopback.'),
    ca: z.string().optional().describe('PEM text of an authority to trust for that endpoint.'),
    account: z.string().max(80).optional().describe('Whose bucket it is, where the address does not tell.'),
  })
  .superRefine((one, context) => {
    if ((one.keeper === undefined) === (one.s3 === undefined))
      context.addIssue('a store is either `keeper` (a socket) or `s3` (an endpoint)');
    if (one.s3 !== undefined && (one.bucket === undefined || one.credential === undefined))
      context.addIssue('an object store needs `bucket` and `credential`');
  });

export type BackupPlan = z.infer<typeof backupSchema>;
export type StorePlan = z.infer<typeof storeSchema>;

/** As much of a configuration as backups are about. */
interface BackupConfig {
  readonly backups: { readonly [name: string]: BackupPlan };
  readonly stores: { readonly [name: string]: StorePlan };
  readonly upstreams: {
    readonly [name: string]: {
      readonly provider: string;
      readonly environment: string;
      readonly credential: string;
      readonly address?: string | undefined;
      readonly lookups: boolean;
      readonly replication: boolean;
      readonly undo?: string | undefined;
    };
  };
}

interface Problem {
  readonly path: string[];
  readonly message: string;
}

/** What is wrong between the parts of a configuration that are about backups. */
export function backupProblems(config: BackupConfig): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, plan] of Object.entries(config.backups)) {
    const say = (member: string, message: string | undefined): void => {
      if (message !== undefined) problems.push({ path: ['backups', name, member], message });
    };
    say('source', sourceProblem(config, name, plan));
    for (const store of plan.stores)
      if (config.stores[store] === undefined) say('stores', `there is no store \`${store}\``);
    if (new Set(plan.stores).size < plan.stores.length) say('stores', 'a store is named twice');
    if (plan.recovery === plan.drill) say('drill', 'the drill runner needs a key of its own');
    if (milliseconds(plan.base) >= milliseconds(plan.keep)) say('keep', 'it is kept for longer than `base`');
    if (!plan.continuous && plan.dumps === undefined) say('continuous', 'without it there have to be `dumps`');
    if (plan.dumps !== undefined && milliseconds(plan.dumps.every) < 60_000) say('dumps', 'once a minute at most');
    if (plan.dumps !== undefined && milliseconds(plan.dumps.every) >= milliseconds(plan.keep))
      say('keep', 'it is kept for longer than `dumps.every`');
    if (milliseconds(plan.base) < 60_000) say('base', 'once a minute at most');
  }
  for (const [name, { replication, lookups, undo }] of Object.entries(config.upstreams))
    if (replication && (lookups || undo !== undefined))
      problems.push({
        path: ['upstreams', name, 'replication'],
        message: 'what is read for backups is used for nothing else: leave `lookups` and `undo` out',
      });
  for (const [name, { credential }] of Object.entries(config.stores))
    if (Object.values(config.upstreams).some((one) => one.credential === credential))
      problems.push({ path: ['stores', name, 'credential'], message: 'a store needs a credential of its own' });
  return problems;
}

/** What is read to copy a server leads to that server, and nobody acts by it. */
function sourceProblem({ upstreams }: BackupConfig, name: string, plan: BackupPlan): string | undefined {
  const copied = upstreams[name];
  const source = upstreams[plan.source];
  if (copied === undefined) return `a backup has the name of the upstream that is copied; there is no \`${name}\``;
  if (source === undefined) return `there is no upstream \`${plan.source}\``;
  if (!source.replication) return `\`${plan.source}\` needs \`replication: true\`: it is read for backups alone`;
  if (source.provider !== copied.provider || source.environment !== copied.environment)
    return `\`${plan.source}\` is of another provider or environment`;
  if (source.credential === copied.credential) return `\`${plan.source}\` needs a credential of its own`;
  return source.address === copied.address ? undefined : `\`${plan.source}\` has another address`;
}
