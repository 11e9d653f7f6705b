import { isIP } from 'node:net';
import { LineCounter, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { backupProblems, backupSchema, storeSchema } from './backup/config.ts';
import { duration, isOrigin, milliseconds, size, slug, vaultEntry } from './config-words.ts';
import type { Environment } from '../model/environment.ts';
import { readLimit } from '../road/velocity/limits.ts';
import { classifyAddress } from '../upstream/dial/address.ts';

const limit = z.string().superRefine((text, context) => {
  if (!isLimit(text)) context.addIssue('a limit is a count within a time, a day at most: 10/1m; or off');
});
const host = z
  .string()
  .max(253)
  .regex(
    /^\.?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'a host is a lower-case name, `registry.npmjs.org`, or a name and all under it, `.example.com`',
  );

const environment = z
  .strictObject({
    production: z.boolean().default(true).describe('Not said means production.'),
    disposable: z.boolean().default(false).describe("A human's signed word that this environment's data may be lost."),
  })
  .catchall(z.array(z.string().min(1)).describe('Provider name → the provider ids that are this environment.'));

function isLimit(text: string): boolean {
  try {
    readLimit(text);
    return true;
  } catch {
    return false;
  }
}

const upstream = z.strictObject({
  provider: slug,
  environment: slug,
  credential: vaultEntry,
  address: z
    .url()
    .refine(isOrigin, 'scheme, host and port only: the path is the request’s')
    .optional()
    .describe('Scheme, host and port of another endpoint than the published one.'),
  ca: z.string().optional().describe('PEM text of an authority to trust for that address.'),
  lookups: z.boolean().default(false).describe('Used for read-only look-ups alone, never for an effect.'),
  replication: z
    .boolean()
    .default(false)
    .describe('Read for backups alone: no gate, no look-up and no undo ever uses it.'),
  private: z.boolean().default(false).describe('The address may be private or loopback.'),
  undo: slug
    .optional()
    .describe(
      'The upstream, with `lookups: true`, by which what is about to be lost in this database is read and secured.',
    ),
});

/** `holdpoint.yaml`: a proposal kept with the code. The daemon runs its own stored copy, changed by a signed `apply`. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  environments: z.record(slug, environment).default({}),
  upstreams: z.record(slug, upstream).default({}),
  backups: z
    .record(slug, backupSchema)
    .default({})
    .describe('Copies of databases, by the name of the upstream that is copied.'),
  stores: z.record(slug, storeSchema).default({}).describe('Where copies rest, apart from what they are copies of.'),
  egress: z.enum(['open', 'listed']).default('open'),
  hosts: z
    .array(host)
    // All of them stand in one certificate.
    .max(200, 'at most 200 hosts')
    .default([])
    .describe('With `egress: listed`: hosts that may be read (GET, HEAD, git fetch), without any credential.'),
  webhooks: z
    .array(z.strictObject({ url: z.url(), private: z.boolean().default(false) }))
    .default([])
    .describe('Where alarms go.'),
  witness: z
    .strictObject({ file: z.string().optional(), url: z.url().optional(), private: z.boolean().default(false) })
    .default({ private: false })
    .describe('Where checkpoints go.'),
  velocity: z
    .strictObject({
      destructive: limit.default('10/1m').describe('Different destructive acts of one agent that were held or denied.'),
      held: limit.default('30/1h').describe('Different acts of one agent that were held.'),
      denied: limit.default('60/10m').describe('Denials of one agent.'),
      rows: limit
        .refine((text) => text !== 'off', 'rows have a limit always')
        .default('1000/1h')
        .describe('Rows one agent may change unsigned, added up; more are held, not frozen.'),
      freezes: z.enum(['agent', 'all']).default('agent').describe('Who is stopped when a limit is passed.'),
    })
    .prefault({})
    .describe('Passing a limit freezes the agent by itself; a human thaws it with a signature.'),
  undo: z
    .strictObject({
      keep: duration
        .refine((text) => milliseconds(text) >= 86_400_000, 'undos are kept a day at least')
        .optional()
        .describe(
          'How long what is secured from now on is kept; its time ends it then. Not said: until a human purges it.',
        ),
      room: size
        .optional()
        .describe(
          'How much is kept; past it nothing is secured, so what changes data is held. Nothing goes to make room.',
        ),
    })
    .prefault({}),
  delay: duration.default('48h').describe('Our own delay after the signature for provider deletes.'),
});

export { milliseconds } from './config-words.ts';

export type Config = z.infer<typeof configSchema>;

export const emptyConfig: Config = configSchema.parse({ version: 1 });

/** What is wrong in a configuration file, and where. Lines and columns from 1. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map((one) => `${one.line}:${one.column} ${one.path === '' ? '' : `${one.path}: `}${one.message}`)
        .join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads `holdpoint.yaml` text. Throws `ConfigError` that points at the line. What is `proposed` must not name addresses
 * that would never be dialled; one in force that does is read all the same, so that the daemon starts and says so.
 */
export function readConfig(text: string, { proposed = false }: { readonly proposed?: boolean } = {}): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    strict: true,
    maxAliasCount: 0,
  } as Parameters<typeof parseDocument>[1]);
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ offset: pos[0], message }));
  const odd = broken.length > 0 ? broken : readTwoWays(document);
  if (odd.length > 0)
    throw new ConfigError(odd.map(({ offset, message }) => ({ ...at(offset), path: '', message: said(message) })));
  const parsed = configSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => {
        const path = issue.path.map(String);
        const extra = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
        const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
        return { ...at(offsetOf(document, extra)), path: extra.join('.'), message: said(inner ?? issue.message) };
      }),
    );
  }
  const problems = [...inconsistencies(parsed.data), ...(proposed ? neverDialled(parsed.data) : [])];
  if (problems.length > 0)
    throw new ConfigError(
      problems.map(({ path, message }) => ({ ...at(offsetOf(document, path)), path: path.join('.'), message })),
    );
  return parsed.data;
}

/** What YAML allows and a file that is signed must not have: other places that stand for this one, keys with a meaning in JavaScript. */
function readTwoWays(document: Document.Parsed): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Alias: (_, node) =>
      void found.push({ offset: node.range?.[0] ?? 0, message: 'aliases are not read: write it out' }),
    Pair: (_, pair) => {
      const { value, range } = pair.key as { value?: unknown; range?: readonly number[] };
      if (value === '__proto__') found.push({ offset: range?.[0] ?? 0, message: '`__proto__` is not a name' });
    },
  });
  return found;
}

/** A parser's message in our manner: one line, lower case, without the place that stands before it anyway. */
function said(message: string): string {
  const [line = ''] = message.split('\n');
  const bare = line.replace(/ at line \d+, column \d+:?$/, '').replace(/\.$/, '');
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}

/** Byte offset of the deepest node on the path that is really there. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const items = (parent as { items?: { key?: { value?: unknown; range?: number[] } }[] } | undefined)?.items;
    const pair = items?.find((item) => String(item.key?.value) === path[depth - 1]);
    if (pair?.key?.range?.[0] !== undefined) return pair.key.range[0];
    const node = document.getIn(path.slice(0, depth), true) as { range?: number[] } | undefined;
    if (node?.range?.[0] !== undefined) return node.range[0];
  }
  return 0;
}

function inconsistencies(config: Config): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  const owners = new Map<string, string>();
  for (const [name, one] of Object.entries(config.environments)) {
    if (one.production && one.disposable)
      problems.push({ path: ['environments', name, 'disposable'], message: 'production cannot be disposable' });
    for (const [provider, ids] of Object.entries(bindingsOf(one))) {
      for (const id of ids) {
        const owner = owners.get(`${provider} ${id}`);
        if (owner !== undefined)
          problems.push({ path: ['environments', name, provider], message: `\`${id}\` is bound to ${owner} already` });
        owners.set(`${provider} ${id}`, name);
      }
    }
  }
  for (const [name, one] of Object.entries(config.upstreams)) {
    if (config.environments[one.environment] === undefined)
      problems.push({
        path: ['upstreams', name, 'environment'],
        message: `there is no environment \`${one.environment}\``,
      });
    const message = undoProblem(config, one);
    if (message !== undefined) problems.push({ path: ['upstreams', name, 'undo'], message });
  }
  return [...problems, ...backupProblems(config)];
}

/** What looks at one database sees all of it: it leads to the same place, and nobody acts by it. */
function undoProblem({ upstreams }: Config, acting: Config['upstreams'][string]): string | undefined {
  if (acting.undo === undefined) return undefined;
  const second = upstreams[acting.undo];
  if (second === undefined) return `there is no upstream \`${acting.undo}\``;
  if (!second.lookups) return `\`${acting.undo}\` needs \`lookups: true\`: nobody acts by it`;
  if (second.provider !== acting.provider || second.environment !== acting.environment)
    return `\`${acting.undo}\` is of another provider or environment`;
  if (second.credential === acting.credential) return `\`${acting.undo}\` needs a credential of its own`;
  return second.address === acting.address ? undefined : `\`${acting.undo}\` has another address`;
}

/** Upstreams whose address says by itself that it needs `private`. What a name stands for is looked at when it is dialled. */
function neverDialled(config: Config): { path: string[]; message: string }[] {
  return Object.entries(config.upstreams).flatMap(([name, one]) => {
    const url = URL.parse(one.address ?? '');
    if (url === null || one.private) return [];
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    const isPrivate = /(^|\.)localhost\.?$/i.test(host) || (isIP(host) !== 0 && classifyAddress(host) === 'private');
    if (!isPrivate && url.protocol !== 'http:') return [];
    const message = isPrivate
      ? `\`${host}\` is a private address: it is dialled with \`private: true\` alone`
      : '`http://` is dialled with `private: true` alone; write https:// for a public address';
    return [{ path: ['upstreams', name, 'address'], message }];
  });
}

function bindingsOf(one: Config['environments'][string]): { [provider: string]: readonly string[] } {
  const { production: _production, disposable: _disposable, ...rest } = one;
  return rest as { [provider: string]: readonly string[] };
}

/** The environments of a configuration, as the road knows them. */
export function environmentsOf(config: Config): readonly Environment[] {
  return Object.entries(config.environments).map(([name, one]) => ({
    name,
    production: one.production,
    disposable: one.disposable,
    bindings: bindingsOf(one),
  }));
}

/** The published JSON Schema of `holdpoint.yaml`. */
export function configJsonSchema(): unknown {
  return {
    ...z.toJSONSchema(configSchema, { io: 'input' }),
    $id: 'https://holdpoint.dev/schema/holdpoint.json',
    title: 'holdpoint.yaml',
  };
}

/** Every vault entry that it names. A store of backups belongs to no environment, so it is called by what it is for. */
export function credentialsOf({ upstreams, stores }: Config): readonly {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
}[] {
  const entry = (credential: string): string => credential.slice('vault:'.length);
  return [
    ...Object.values(upstreams).map(({ credential, provider, environment }) => ({
      name: entry(credential),
      provider,
      environment,
    })),
    ...Object.values(stores).flatMap(({ credential }) =>
      credential === undefined ? [] : [{ name: entry(credential), provider: 's3', environment: 'backups' }],
    ),
  ];
}
