import type { AgentFreeze, FreezeState } from '../../contract/api.ts';
import type { Api } from '../api/api.ts';
import { misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';

export const freeze: Run = async (invocation) => {
  const { out } = invocation;
  const agent = invocation.text('agent');
  const why = invocation.text('why') ?? '';
  const asked = agent === undefined ? { why } : { why, agent };
  const state = await invocation.api().post<FreezeState>('/v1/freeze', asked);
  const since = agent === undefined ? state : state.agents.find((one) => one.name === agent);
  out.show(state, () => {
    const who = agent === undefined ? 'no agent writes anything' : `${agent} writes nothing`;
    out.line(
      ['danger', 'FROZEN'],
      `: ${who} at any door since ${since?.at ?? state.at}; approved holds and timers stand still too`,
    );
    out.line(
      `  let ${agent ?? 'them'} run again, with a signature: holdpoint thaw${agent === undefined ? '' : ` --agent ${agent}`}`,
    );
  });
  return exitCode.done;
};

export const thaw: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const state = await api.get<FreezeState>('/v1/freeze');
  const agent = invocation.text('agent');
  if (agent !== undefined) return thawAgent(invocation, api, state, agent);
  if (!state.frozen) {
    out.show(state, () => {
      out.line(state.agents.length === 0 ? 'nothing is frozen' : 'not everybody is frozen; these are:');
      for (const one of state.agents) out.line(`  ${said(one)}; let it run again: holdpoint thaw --agent ${one.name}`);
    });
    return exitCode.done;
  }
  const answer = await signedAct<object>(invocation, api, {
    kind: 'thaw',
    body: { epoch: state.epoch },
    lines: [
      `frozen at ${state.at} by ${state.by}${state.why === '' ? '' : `: ${state.why}`}`,
      'agents may write again',
      ...state.agents.map((one) => `but not ${said(one)}`),
    ],
  });
  out.show(answer, () => out.line(['good', 'thawed'], ': agents may write again, within their scopes and the policy'));
  return exitCode.done;
};

async function thawAgent(invocation: Invocation, api: Api, state: FreezeState, agent: string): Promise<ExitCode> {
  const { out } = invocation;
  const frozen = state.agents.find((one) => one.name === agent);
  if (frozen === undefined)
    throw misused(
      `\`${agent}\` is not frozen by itself`,
      state.frozen ? 'all agents are: holdpoint thaw' : 'see: holdpoint status',
    );
  const answer = await signedAct<object>(invocation, api, {
    kind: 'thaw',
    body: { epoch: frozen.epoch, agent },
    lines: [said(frozen), `${agent} may write again`],
  });
  out.show(answer, () =>
    out.line(
      ['good', 'thawed'],
      `: ${agent} may write again, within its scope and the policy; its velocity counts anew`,
    ),
  );
  return exitCode.done;
}

function said({ name, at, by, why }: AgentFreeze): string {
  return `${name}, frozen at ${at} by ${by}${why === '' ? '' : `: ${why}`}`;
}
