import type { Clear } from './clear.ts';
import type { Desk } from './desk.ts';
import type { Measured } from './measure.ts';
import type { Target } from './target.ts';
import { isoTime } from '../contract/clock.ts';
import { StoreConflict, type Transaction } from '../contract/store.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Digest } from '../model/digest.ts';
import type { Hold } from '../model/hold.ts';
import { newId } from '../model/identifier.ts';
import type { JsonObject } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';
import type { TokenRecord } from '../model/scope.ts';

/** A recorded intent: durable, with its undo secured and its right to be sent spent. */
export interface Intent {
  readonly request: ActionRequest;
  readonly digest: Digest;
  readonly clearance: string;
  readonly image: string | undefined;
  readonly clear: Clear;
  readonly measured: Measured;
  readonly target: Target;
}

/** One transaction: the before-image, the journal entry, and the spending of the approval and of the clearance. */
export async function record(
  desk: Desk,
  target: Target,
  measured: Measured,
  request: ActionRequest,
  clear: Clear,
): Promise<Intent> {
  const { road, asked } = desk;
  const { signed } = clear;
  const digest = actionDigest(request);
  const clearance = newId('cl', road.clock.now());
  const hold = signed?.hold.id;
  const image = await road.store.transact(async (tx) => {
    road.freeze.pass(asked.bearer.principal);
    await requireToken(tx, asked.bearer.token);
    if (signed !== undefined) {
      await road.holds.life.step(tx, signed.hold.id, 'running', {});
      await spendRun(tx, signed.hold, { at: isoTime(road.clock.now()), clearance });
    }
    const secured = await secure(desk, tx, measured, request, digest, hold);
    const entry = await road.journal.append(tx, {
      kind: 'intent',
      principal: request.principal.name,
      token: request.token,
      gate: request.gate,
      digest,
      ...(hold === undefined ? {} : { hold }),
      body: {
        request: request as unknown as JsonObject,
        rules: clear.rules,
        clearance,
        image: secured,
        approvals: signed?.approvals.map((one) => one.statement.number),
        running: asked.running,
        rows: measured.rows,
        judged: { ...clear.judged },
      },
    });
    await tx.insert('clearances', clearance, {
      state: 'sent',
      hold: hold ?? '',
      digest,
      image: secured ?? '',
      entry: entry.index,
      at: isoTime(road.clock.now()),
      provider: asked.provider.name,
      upstream: request.upstream,
      principal: request.principal.name,
      token: request.token,
      gate: request.gate,
      intent: measured.intent,
    });
    return secured;
  });
  return { request, digest, clearance, image, clear, measured, target };
}

/**
 * Looking up and measuring take time: a token that was revoked meanwhile sends nothing more. It was read whole when it
 * was presented; here it only has to be the same one still, and nothing said of a revocation.
 */
async function requireToken(tx: Transaction, token: TokenRecord): Promise<void> {
  const stored = await tx.get('tokens', token.id);
  const same = stored?.['id'] === token.id && stored['secretHash'] === token.secretHash;
  if (!same || Object.hasOwn(stored, 'revokedAt'))
    throw refuse(
      'BAD_TOKEN',
      'the token was revoked before anything was sent',
      'stop here; ask the person you work for',
    );
}

/** What makes a signature good for one run: durable before the send, with the intent or not at all. */
async function spendRun(tx: Transaction, hold: Hold, record: JsonObject): Promise<void> {
  try {
    await tx.insert('spent', `run:${hold.id}`, record);
  } catch (cause) {
    if (!(cause instanceof StoreConflict)) throw cause;
    throw refuse('DENIED', `what was signed on ${hold.code} was spent before`, undefined, { hold: hold.code });
  }
}

async function secure(
  desk: Desk,
  tx: Transaction,
  measured: Measured,
  request: ActionRequest,
  digest: Digest,
  hold: string | undefined,
): Promise<string | undefined> {
  if (measured.capture === undefined) return undefined;
  const { undoes } = desk.asked;
  const image = await desk.road.images.secure(
    tx,
    {
      provider: desk.asked.provider.name,
      operations: request.actions.map((action) => action.operation),
      environments: request.environments,
      resources: request.actions.flatMap((action) => action.resources.map((one) => one.id)),
      principal: request.principal.name,
      upstream: request.upstream,
      gate: request.gate,
      digest,
      ...(hold === undefined ? {} : { hold }),
      ...(undoes === undefined ? {} : { undoes }),
    },
    measured.capture.image,
  );
  return image.id;
}
