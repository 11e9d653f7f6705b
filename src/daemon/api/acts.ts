import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { actSchema, body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { readConfig } from '../config.ts';
import { refuseProductionAtT0 } from '../seat-belt.ts';
import type { Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';
import { expandScope } from '../../road/identity/scope.ts';
import type { SignedAct } from '../../road/signing/acts.ts';
import type { Signer } from '../../road/signing/signers.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const bodies = {
  'token-create': z.strictObject({
    name,
    kind: z.enum(['agent', 'ci', 'human']),
    purpose: z.string().max(280),
    gates: z.array(z.string()).min(1),
    presets: z.array(z.string()),
    operations: z.array(z.string()),
    environments: z.array(name),
    resources: z.union([z.literal('all'), z.array(z.string())]),
    minutes: z.number().int().min(1).max(43_200),
  }),
  'vault-add': z.strictObject({
    name,
    provider: name,
    environment: name,
    kind: z.string().max(40),
    reach: z.enum(['all', 'environment']),
    note: z.string().max(280),
    /** SHA-256 of the secret, hex: what is signed names the secret without holding it. */
    secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  apply: z.strictObject({
    text: z.string().max(262_144),
    policies: z.record(z.string().regex(/^[\w.-]{1,80}$/), z.string().max(262_144)),
  }),
  'signer-add': z.strictObject({ name, publicKey: z.string().max(200) }),
  'signer-remove': z.strictObject({ id: z.string() }),
  thaw: z.strictObject({ epoch: z.number().int() }),
  unlock: z.strictObject({ id: z.string() }),
  'vault-rotate': z.strictObject({}),
  'clock-confirm': z.strictObject({}),
} as const;

type Carried = { readonly answer: object; readonly afterwards?: () => void | Promise<void> };

/** One route for every act that widens power: signed over exactly what it does, journaled, then done. */
export function actRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.post('/v1/acts', async (c) => {
    human(c);
    const asked = await body(c, z.strictObject({ act: actSchema, secret: z.string().max(16_384).optional() }));
    const act = asked.act as unknown as SignedAct;
    const { kind } = act.statement;
    if (kind === 'purge') throw refuse('BAD_REQUEST', `\`${kind}\` is not there yet`, 'nothing was changed');
    const read = bodies[kind].safeParse(act.statement.body);
    if (!read.success)
      throw refuse(
        'BAD_REQUEST',
        `${kind}: ${read.error.issues[0]?.path.join('.') ?? ''} ${read.error.issues[0]?.message ?? ''}`,
        'see /openapi.json',
      );
    const { answer, afterwards } = await parts.acts.carryOut(act, kind, (tx, signer) =>
      carryOut(parts, tx, signer, kind, read.data, asked.secret),
    );
    await afterwards?.();
    return c.json(answer);
  });
  return app;
}

async function carryOut(
  parts: ApiParts,
  tx: Transaction,
  signer: Signer,
  kind: keyof typeof bodies,
  data: unknown,
  secret: string | undefined,
): Promise<Carried> {
  switch (kind) {
    case 'token-create':
      return createToken(parts, tx, data as z.infer<(typeof bodies)['token-create']>);
    case 'vault-add':
      return addToVault(parts, tx, data as z.infer<(typeof bodies)['vault-add']>, signer, secret);
    case 'apply': {
      const applied = data as z.infer<(typeof bodies)['apply']>;
      const policy = parts.loadPolicy(applied.policies);
      const kept = (await tx.find('vault')).map((found) => found.key);
      refuseProductionAtT0(parts.road.holds.settings.tier, readConfig(applied.text), kept);
      const inForce = await parts.installation.replace(tx, applied);
      await parts.journal.append(tx, {
        kind: 'applied',
        principal: signer.name,
        body: { text: applied.text, policies: applied.policies, policy: policy.version },
      });
      return {
        answer: { applied: true, policy: policy.version, notices: parts.noticesFor(readConfig(applied.text)) },
        afterwards: () => {
          inForce();
          parts.afterApply(policy);
        },
      };
    }
    case 'signer-add': {
      const added = await parts.signers.add(tx, {
        ...(data as z.infer<(typeof bodies)['signer-add']>),
        kind: 'ed25519',
        addedBy: signer.id,
      });
      return {
        answer: added,
        afterwards: () =>
          parts.road.raise({ kind: 'signer', text: `${signer.name} enrolled signer ${added.name} (${added.id})` }),
      };
    }
    case 'signer-remove':
      await parts.signers.remove(tx, (data as { id: string }).id);
      return { answer: { removed: (data as { id: string }).id } };
    case 'thaw': {
      if ((data as { epoch: number }).epoch !== parts.road.freeze.state.epoch)
        throw refuse('DENIED', 'this signature is for another freeze', 'look at `holdpoint status` and sign again');
      return { answer: { thawed: true }, afterwards: await parts.road.freeze.thaw(tx, signer.name) };
    }
    case 'unlock':
      return {
        answer: { unlocked: (data as { id: string }).id },
        afterwards: await parts.road.goalLocks.lift(tx, (data as { id: string }).id, signer.name),
      };
    case 'vault-rotate':
      await parts.journal.append(tx, { kind: 'vault-changed', principal: signer.name, body: { change: 'rotation' } });
      return { answer: { rotated: true }, afterwards: () => parts.rotateKey() };
    case 'clock-confirm': {
      const confirmed = await parts.clock.confirm(tx);
      await parts.journal.append(tx, { kind: 'clock', principal: signer.name, body: { confirmed: true } });
      return { answer: { confirmed: true }, afterwards: confirmed };
    }
    default:
      return kind satisfies never;
  }
}

async function createToken(
  parts: ApiParts,
  tx: Transaction,
  asked: z.infer<(typeof bodies)['token-create']>,
): Promise<Carried> {
  const known = parts.installation.bindings.environments.map((one) => one.name);
  const unknown = asked.environments.find((one) => !known.includes(one));
  if (unknown !== undefined)
    throw refuse('BAD_REQUEST', `there is no environment \`${unknown}\``, `known: ${known.join(', ')}`);
  const scope = expandScope(asked, parts.providers);
  const { record, presented } = await parts.identity.createToken(tx, {
    kind: asked.kind,
    name: asked.name,
    scope,
    purpose: asked.purpose,
    ttlMs: asked.minutes * 60_000,
  });
  const { secretHash: _, ...shown } = record;
  return { answer: { token: shown, presented } };
}

async function addToVault(
  parts: ApiParts,
  tx: Transaction,
  asked: z.infer<(typeof bodies)['vault-add']>,
  signer: Signer,
  secret: string | undefined,
): Promise<Carried> {
  const hash = createHash('sha256')
    .update(secret ?? '')
    .digest('hex');
  if (secret === undefined || secret === '' || hash !== asked.secretHash)
    throw refuse('DENIED', 'the secret is not the one that was signed', 'add it again');
  refuseProductionAtT0(parts.road.holds.settings.tier, parts.installation.config, [asked.name]);
  const { secretHash: _, ...rest } = asked;
  const entry = await parts.vault.add(tx, { ...rest, secret });
  await parts.journal.append(tx, {
    kind: 'vault-changed',
    principal: signer.name,
    body: {
      change: 'added',
      name: asked.name,
      provider: asked.provider,
      environment: asked.environment,
      reach: asked.reach,
    },
  });
  return {
    answer: entry,
    afterwards: async () => {
      await parts.vault.refresh();
      parts.installation.refresh();
    },
  };
}
