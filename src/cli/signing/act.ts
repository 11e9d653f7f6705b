import { findSigner, type Signer } from './signer.ts';
import { signAct } from './statement.ts';
import type { Api } from '../api/api.ts';
import type { Invocation } from '../invocation.ts';
import type { ActKind } from '../../model/act.ts';
import type { JsonObject } from '../../model/json.ts';

interface SignedAct {
  readonly kind: ActKind;
  readonly body: JsonObject;
  /** What the person is told that they sign, a line each. */
  readonly lines: readonly string[];
  /** Travels beside the signature, which names it by its hash alone. */
  readonly secret?: string;
}

/** Shows an act that widens power, has it signed and carries it out. Returns the daemon's answer. */
export async function signedAct<T>(invocation: Invocation, api: Api, act: SignedAct, signer?: Signer): Promise<T> {
  const by = signer ?? (await findSigner(invocation, api));
  invocation.out.note(['strong', `to be signed by ${by.name}: ${act.kind}`]);
  for (const line of act.lines) invocation.out.note(`  ${line}`);
  const key = await by.unlock();
  const signed = signAct({ kind: act.kind, body: act.body, signer: by.id }, key, Date.now());
  return api.post<T>('/v1/acts', { act: signed, ...(act.secret === undefined ? {} : { secret: act.secret }) });
}
