import type { FreezeState } from '../../contract/api.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';

export const freeze: Run = async (invocation) => {
  const { out } = invocation;
  const state = await invocation.api().post<FreezeState>('/v1/freeze', { why: invocation.text('why') ?? '' });
  out.show(state, () => {
    out.line(
      ['danger', 'FROZEN'],
      `: no agent writes anything at any door since ${state.at}; approved holds and timers stand still too`,
    );
    out.line('  let them run again, with a signature: holdpoint thaw');
  });
  return exitCode.done;
};

export const thaw: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const state = await api.get<FreezeState>('/v1/freeze');
  if (!state.frozen) {
    out.show(state, () => out.line('nothing is frozen'));
    return exitCode.done;
  }
  const answer = await signedAct<object>(invocation, api, {
    kind: 'thaw',
    body: { epoch: state.epoch },
    lines: [
      `frozen at ${state.at} by ${state.by}${state.why === '' ? '' : `: ${state.why}`}`,
      'agents may write again',
    ],
  });
  out.show(answer, () => out.line(['good', 'thawed'], ': agents may write again, within their scopes and the policy'));
  return exitCode.done;
};
