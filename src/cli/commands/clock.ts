import type { Status } from '../../contract/api.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';

/** A human's signed word that the daemon's time is right after a step: what fires on time alone fires again. */
export const confirm: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const { clock } = await api.get<Status>('/v1/status');
  if (!clock.suspicious) {
    out.show({ confirmed: false }, () => out.line('the clock is not in doubt'));
    return exitCode.done;
  }
  const answer = await signedAct<object>(invocation, api, {
    kind: 'clock-confirm',
    body: {},
    lines: [
      `the time is right: it is ${new Date().toISOString()} here`,
      'scheduled holds that are due fire, and whatever expires by then expires',
    ],
  });
  out.show(answer, () => out.line(['good', 'confirmed'], ': schedules run again'));
  return exitCode.done;
};
