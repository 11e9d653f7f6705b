import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { heldAgainst } from '../keeping.ts';
import { moveIn, moveSchema, type MoveRecord, recordOf } from '../moves.ts';
import { refuseKeepingAtT0 } from '../seat-belt.ts';
import type { KeptCredential, Moved, MovedBack, ReachAnswer, Signer, VaultEntry } from '../../contract/api.ts';
import type { Asking } from '../../contract/reach.ts';
import { reachSentence } from '../../contract/reach.ts';
import type { Transaction } from '../../contract/store.ts';
import type { Route } from '../../contract/upstream.ts';
import { actDigest, type SignedAct } from '../../model/act.ts';
import { refuse } from '../../model/refusal.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** What is signed to keep a credential. */
export const vaultBody = z.strictObject({
  name,
  provider: name,
  environment: name,
  kind: z.string().max(40),
  reach: z.enum(['all', 'environment']),
  note: z.string().max(280),
  /** SHA-256 of the secret, hex: what is signed names the secret without holding it. */
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** False: the provider is not asked what it reaches. */
  ask: z.boolean().exactOptional(),
  /** Where it was found, when it is being moved out of a file. */
  move: moveSchema.exactOptional(),
});

type VaultBody = z.infer<typeof vaultBody>;

interface Keeping {
  readonly parts: ApiParts;
  readonly tx: Transaction;
  readonly signer: Signer;
  readonly secret: string | undefined;
  readonly asking: Asking;
}

const unasked: Asking = { kind: 'not-asked', why: 'it was said not to' };

/**
 * Asks the provider what a credential reaches that somebody signed to keep: after the signature is found good, and before
 * the transaction that spends it, which must not wait for anybody. Everything is checked again in there.
 */
export async function askBeforeKeeping(parts: ApiParts, act: SignedAct, secret: string | undefined): Promise<Asking> {
  const read = vaultBody.safeParse(act.statement.body);
  if (!read.success || read.data.ask === false || secret === undefined) return unasked;
  const asked = read.data;
  if (hashOf(secret) !== asked.secretHash) return unasked;
  await parts.signers.check(act.statement.signer, actDigest(act.statement), act.signature);
  refuseKeepingAtT0(parts.road.holds.settings.tier, parts.installation.config, asked);
  const { provider, kind } = asked;
  return askAbout(parts, asked.name, { provider, secret, presented: kind });
}

export async function addToVault(
  { parts, tx, signer, secret, asking }: Keeping,
  asked: VaultBody,
): Promise<{
  answer: KeptCredential;
  afterwards: () => Promise<void>;
}> {
  if (secret === undefined || secret === '' || hashOf(secret) !== asked.secretHash)
    throw refuse('DENIED', 'the secret is not the one that was signed', 'add it again');
  const { config } = parts.installation;
  const { tier } = parts.road.holds.settings;
  refuseKeepingAtT0(tier, config, asked);
  const notes = heldAgainst(asked, asking, config, tier);
  const { secretHash: _, ask: _asked, move, ...rest } = asked;
  const entry = await parts.vault.add(tx, { ...rest, secret });
  if (move !== undefined) await tx.put('moves', move.id, recordOf(move, entry, parts.vault, parts.clock));
  await parts.journal.append(tx, {
    kind: 'vault-changed',
    principal: signer.name,
    body: {
      change: move === undefined ? 'added' : 'moved',
      name: asked.name,
      provider: asked.provider,
      environment: asked.environment,
      reach: asked.reach,
      asked: asking.kind === 'answered' ? reachSentence(asking.reach) : asking.why,
      ...(move === undefined ? {} : { path: move.path }),
    },
  });
  return { answer: { ...entry, asking, notes }, afterwards: () => vaultChanged(parts) };
}

export const moveBackBody = z.strictObject({ id: moveSchema.shape.id });

/** Gives a moved credential out again, so that its file can be put back byte for byte. It stays in the vault. */
export async function moveBack(
  { parts, tx, signer }: Omit<Keeping, 'asking' | 'secret'>,
  { id }: z.infer<typeof moveBackBody>,
): Promise<{ answer: MovedBack }> {
  const record = await tx.get('moves', id);
  if (record === undefined)
    throw refuse('BAD_REQUEST', `nothing was moved under \`${id}\``, 'list what was: holdpoint scan --moved');
  const moved = moveIn(record as MoveRecord, parts.vault);
  const { secret } = await parts.vault.open(moved.entry);
  await parts.journal.append(tx, {
    kind: 'vault-changed',
    principal: signer.name,
    body: { change: 'given back', name: moved.entry, path: moved.path },
  });
  return { answer: { ...moved, secret } };
}

/** What a credential reaches: of one in the vault, or of one that is shown for this question alone and not kept. */
export function keepRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.post('/v1/reach', async (c) => {
    human(c);
    const asked = await body(
      c,
      z.strictObject({
        name,
        provider: name,
        secret: z.string().min(1).max(16_384),
        kind: z.string().max(40).exactOptional(),
        standsIn: z.string().max(200).exactOptional(),
        /** False: the provider is not asked, only the vault whether it keeps it. */
        ask: z.boolean().exactOptional(),
      }),
    );
    const { provider, secret, kind, standsIn } = asked;
    const asking =
      asked.ask === false
        ? unasked
        : await askAbout(parts, asked.name, {
            provider,
            secret,
            ...(kind === undefined ? {} : { presented: kind }),
            ...(standsIn === undefined ? {} : { standsIn }),
          });
    const kept = keptAs(parts, secret);
    return c.json({ asking, ...(kept === undefined ? {} : { kept: kept.name }) } satisfies ReachAnswer);
  });
  app.get('/v1/vault/:name/reach', async (c) => {
    human(c);
    const entry = parts.vault.entry(c.req.param('name'));
    if (entry === undefined)
      throw refuse(
        'BAD_REQUEST',
        `the vault has no credential \`${c.req.param('name').slice(0, 40)}\``,
        'list them with `holdpoint vault list`',
      );
    const { secret } = await parts.vault.open(entry.name);
    const asking = await askAbout(parts, entry.name, { provider: entry.provider, secret, presented: entry.kind });
    return c.json({ entry, asking } satisfies { entry: VaultEntry; asking: Asking });
  });
  // Takes a credential out of one more file: that only narrows what is in reach, so it wants no signature.
  app.post('/v1/moves', async (c) => {
    const by = human(c);
    const { move, secret } = await body(c, z.strictObject({ move: moveSchema, secret: z.string().min(1).max(16_384) }));
    const entry = keptAs(parts, secret);
    if (entry === undefined)
      throw refuse('DENIED', 'the vault does not keep this credential', 'keep it first: holdpoint vault add <name>');
    await parts.road.store.transact(async (tx) => {
      await tx.put('moves', move.id, recordOf(move, entry, parts.vault, parts.clock));
      await parts.journal.append(tx, {
        kind: 'vault-changed',
        principal: by.name,
        body: { change: 'moved', name: entry.name, path: move.path },
      });
    });
    return c.json({ id: move.id, entry: entry.name });
  });
  app.get('/v1/moves', async (c) => {
    human(c);
    const found = await parts.road.store.find('moves');
    const moves = found.map(({ record }) => moveIn(record as MoveRecord, parts.vault));
    return c.json({ moves } satisfies { moves: readonly Moved[] });
  });
  return app;
}

/** The entry that has this secret; what was taken out of the vault is no longer kept. */
function keptAs({ vault }: ApiParts, secret: string): VaultEntry | undefined {
  const known = vault.matches(secret);
  return known === undefined ? undefined : vault.entry(known);
}

async function askAbout(
  parts: ApiParts,
  entry: string,
  credential: Pick<Parameters<ApiParts['asker']['ask']>[0], 'provider' | 'secret' | 'presented' | 'standsIn'>,
): Promise<Asking> {
  const found = routeOf(parts, entry, credential.provider);
  return parts.asker.ask(
    { ...credential, entry: found?.upstream ?? entry, ...(found === undefined ? {} : { route: found.route }) },
    parts.installation.bindings.environments,
  );
}

/** Where a human signed that this entry's provider is; undefined for the published host. */
function routeOf(
  { installation }: ApiParts,
  entry: string,
  provider: string,
): { readonly upstream: string; readonly route: Omit<Route, 'name'> } | undefined {
  const [upstream] = Object.entries(installation.config.upstreams)
    .filter(([, one]) => one.credential === `vault:${entry}` && one.provider === provider)
    .map(([key]) => key);
  const route = upstream === undefined ? undefined : installation.route(upstream);
  if (upstream === undefined || route === undefined) return undefined;
  const { address, ca, allowPrivate } = route;
  return { upstream, route: { address, allowPrivate, ...(ca === undefined ? {} : { ca }) } };
}

export async function vaultChanged({ vault, installation }: Pick<ApiParts, 'vault' | 'installation'>): Promise<void> {
  await vault.refresh();
  installation.refresh();
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
