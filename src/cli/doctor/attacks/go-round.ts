import { ask } from './ask.ts';
import { attempt, type Try } from '../target.ts';

/** Speaks to each provider directly. Any answer will do, also one that says no: the way is there. */
export const goRound: Try = async ({ providers }) => {
  if (providers.length === 0)
    return [attempt('go-round', 'unclear', 'no upstream is configured, so there is no provider to reach')];
  const all = await Promise.all(
    providers.map(async (origin) => ({ origin, answer: await ask('GET', `${origin}/`, { timeoutMs: 5_000 }) })),
  );
  const reached = all.filter(({ answer }) => isThere(answer.status, answer.why)).map(({ origin }) => origin);
  if (reached.length > 0) return [attempt('go-round', 'succeeded', `reached ${reached.join(', ')} without the gate`)];
  return [attempt('go-round', 'refused', all.map(({ origin, answer }) => `${origin}: ${answer.why}`).join('; '))];
};

/** An answer in a tongue that we did not expect, or under a certificate that we do not know, is an answer too. */
function isThere(status: number | undefined, why: string): boolean {
  return status !== undefined || /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY|HPE_|ECONNRESET|broken off/.test(why);
}
