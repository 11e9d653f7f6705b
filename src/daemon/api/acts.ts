import { Hono } from 'hono';
import { z } from 'zod';
import { actSchema, body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { addToVault, askBeforeKeeping, moveBack, moveBackBody, vaultBody, vaultChanged } from './keep.ts';
import { purge, purgeBody } from './undo.ts';
import { readConfig } from '../config.ts';
import { refuseProductionAtT0 } from '../seat-belt.ts';
import type { Signer } from '../../contract/api.ts';
import type { Asking } from '../../contract/reach.ts';
import type { Transaction } from '../../contract/store.ts';
import type { ActKind } from '../../model/act.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';
import { expandScope } from '../../road/identity/scope.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const tokenBody = z.strictObject({
  name,
  kind: z.enum(['agent', 'ci', 'human']),
  purpose: z.string().max(280),
  gates: z.array(z.string()).min(1),
  presets: z.array(z.string()),
  operations: z.array(z.string()),
  environments: z.array(name),
  resources: z.union([z.literal('all'), z.array(z.string())]),
  minutes: z.number().int().min(1).max(43_200),
  /** Where it may be presented from; left out, from this machine by any OS user. */
  bound: z
    .strictObject({
      uid: z.number().int().min(0).max(4_294_967_294).exactOptional(),
      addresses: z.array(z.string().max(60)).max(20).exactOptional(),
    })
    .exactOptional(),
});

const appliedBody = z.strictObject({
  text: z.string().max(262_144),
  policies: z.record(z.string().regex(/^[\w.-]{1,80}$/), z.string().max(262_144)),
});

/** What an act is given when its signature was good: all it writes goes into the signature's own transaction. */
interface Given {
  readonly parts: ApiParts;
  readonly tx: Transaction;
  readonly signer: Signer;
  /** What travelled beside the signature. */
  readonly secret: string | undefined;
  /** What the provider answered about it, where it was asked before the transaction. */
  readonly asking: Asking;
}

interface Carried {
  readonly answer: object;
  /** Once the transaction is durable. */
  readonly afterwards?: () => void | Promise<void>;
  /** After that: what it found out, beside the answer. */
  readonly adds?: () => Promise<object>;
}

/** Reads the body that was signed; throws `Refused` (`BAD_REQUEST`) or gives what carries it out. */
type Act = (kind: ActKind, body: JsonObject) => (given: Given) => Promise<Carried>;

/** Every act, with what its body has to be and what it does. */
const acts: { readonly [kind in ActKind]: Act } = {
  'token-create': act(tokenBody, createToken),
  'vault-add': act(vaultBody, addToVault),
  'move-back': act(moveBackBody, moveBack),
  'vault-remove': act(z.strictObject({ name }), removeFromVault),
  'vault-rotate': act(z.strictObject({}), async ({ parts, tx, signer }) => {
    await parts.journal.append(tx, { kind: 'vault-changed', principal: signer.name, body: { change: 'rotation' } });
    return { answer: { rotated: true }, afterwards: () => parts.rotateKey() };
  }),
  apply: act(appliedBody, apply),
  'signer-add': act(z.strictObject({ name, publicKey: z.string().max(200) }), async ({ parts, tx, signer }, body) => {
    const added = await parts.signers.add(tx, { ...body, kind: 'ed25519', addedBy: signer.id });
    const text = `${signer.name} enrolled signer ${added.name} (${added.id})`;
    return { answer: added, afterwards: () => parts.road.raise({ kind: 'signer', text }) };
  }),
  'signer-remove': act(z.strictObject({ id: z.string() }), async ({ parts, tx }, { id }) => {
    await parts.signers.remove(tx, id);
    return { answer: { removed: id } };
  }),
  thaw: act(z.strictObject({ epoch: z.number().int(), agent: name.exactOptional() }), thaw),
  unlock: act(z.strictObject({ id: z.string() }), async ({ parts, tx, signer }, { id }) => ({
    answer: { unlocked: id },
    afterwards: await parts.road.goalLocks.lift(tx, id, signer.name),
  })),
  'undo-purge': act(purgeBody, purge),
  'clock-confirm': act(z.strictObject({}), async ({ parts, tx, signer }) => {
    const confirmed = await parts.clock.confirm(tx);
    await parts.journal.append(tx, { kind: 'clock', principal: signer.name, body: { confirmed: true } });
    return { answer: { confirmed: true }, afterwards: confirmed };
  }),
};

/** One route for every act that widens power: signed over exactly what it does, journaled, then done. */
export function actRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.post('/v1/acts', async (c) => {
    human(c);
    const asked = await body(c, z.strictObject({ act: actSchema, secret: z.string().max(16_384).optional() }));
    const { kind, body: signedBody } = asked.act.statement;
    const carryOut = acts[kind](kind, signedBody);
    const asking: Asking =
      kind === 'vault-add'
        ? await askBeforeKeeping(parts, asked.act, asked.secret)
        : { kind: 'not-asked', why: 'there is nothing to ask about' };
    const { answer, afterwards, adds } = await parts.acts.carryOut(asked.act, kind, (tx, signer) =>
      carryOut({ parts, tx, signer, secret: asked.secret, asking }),
    );
    await afterwards?.();
    return c.json({ ...answer, ...(await adds?.()) });
  });
  return app;
}

function act<T>(schema: z.ZodType<T>, run: (given: Given, body: T) => Promise<Carried>): Act {
  return (kind, signedBody) => {
    const read = schema.safeParse(signedBody);
    if (read.success) return (given) => run(given, read.data);
    const [issue] = read.error.issues;
    throw refuse('BAD_REQUEST', `${kind}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, 'see /openapi.json');
  };
}

async function apply({ parts, tx, signer }: Given, applied: z.infer<typeof appliedBody>): Promise<Carried> {
  const policy = parts.loadPolicy(applied.policies);
  const kept = (await tx.find('vault')).map((found) => found.key);
  refuseProductionAtT0(parts.road.holds.settings.tier, readConfig(applied.text), kept);
  const inForce = await parts.installation.replace(tx, applied);
  await parts.journal.append(tx, {
    kind: 'applied',
    principal: signer.name,
    body: { text: applied.text, policies: applied.policies, policy: policy.version },
  });
  const notices = parts.noticesFor(readConfig(applied.text));
  return {
    answer: { applied: true, policy: policy.version, notices },
    afterwards: () => {
      inForce();
      parts.afterApply(policy);
    },
    adds: async () => {
      const unfit = await parts.fitRoles.ask();
      return { notices: [...notices, ...unfit.map((one) => `${one.upstream}: ${one.says}`)] };
    },
  };
}

async function createToken({ parts, tx }: Given, asked: z.infer<typeof tokenBody>): Promise<Carried> {
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
    ...(asked.bound === undefined ? {} : { bound: asked.bound }),
  });
  const { secretHash: _, ...shown } = record;
  return { answer: { token: { ...shown, bound: asked.bound ?? {} }, presented } };
}

/** What named it in the configuration has no credential from then on, and is refused. */
async function removeFromVault({ parts, tx, signer }: Given, asked: { readonly name: string }): Promise<Carried> {
  await parts.vault.remove(tx, asked.name);
  const body = { change: 'removed', name: asked.name };
  await parts.journal.append(tx, { kind: 'vault-changed', principal: signer.name, body });
  return { answer: { removed: asked.name }, afterwards: () => vaultChanged(parts) };
}

/** All of them, or one agent by its name. From then on its velocity counts anew. */
async function thaw(
  { parts, tx, signer }: Given,
  { epoch, agent }: { readonly epoch: number; readonly agent?: string },
): Promise<Carried> {
  const { freeze, velocity } = parts.road;
  if (agent !== undefined) {
    const thawed = await freeze.thawAgent(tx, agent, epoch, signer.name);
    const afterwards = (): void => {
      thawed();
      velocity.forget(agent);
    };
    return { answer: { thawed: agent }, afterwards };
  }
  if (epoch !== freeze.state.epoch)
    throw refuse('DENIED', 'this signature is for another freeze', 'look at `holdpoint status` and sign again');
  const thawed = await freeze.thaw(tx, signer.name);
  const afterwards = (): void => {
    thawed();
    velocity.forget();
  };
  return { answer: { thawed: true }, afterwards };
}
