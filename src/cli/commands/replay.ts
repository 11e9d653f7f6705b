import { proposedPolicies, readConfig } from './policies.ts';
import type { PolicyInForce } from '../../contract/api.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { printReplay, replayed } from '../replay.ts';

const day = 86_400_000;

/** Which past decisions would be others under a proposal. Applies nothing. */
export const replay: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const { applied } = await api.get<PolicyInForce>('/v1/policy');
  const file = invocation.text('file');
  const text = file === undefined ? applied.text : await readConfig(file);
  const policies = await proposedPolicies(invocation, applied.policies);
  const found = await replayed(invocation, api, { text, policies }, { forMs: 60_000, sinceMs: 7 * day });
  out.show(found, () => printReplay(found, (...pieces) => out.line(...pieces)));
  return exitCode.done;
};
