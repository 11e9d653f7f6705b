import { createSocket } from 'node:dgram';
import { ask } from './ask.ts';
import { attempt, type Try } from '../target.ts';

/** Addresses for documentation (RFC 5737, RFC 3849): nobody is there, and what is sent to them reaches nobody. */
const nowhere = [
  ['udp4', '203.0.113.1'],
  ['udp6', '2001:db8::1'],
] as const;

/**
 * Speaks to each provider directly, and looks whether anything of this user's leaves the machine at all. Any answer will
 * do, also one that says no: the way is there.
 */
export const goRound: Try = async ({ providers }) => {
  if (providers.length === 0)
    return [attempt('go-round', 'unclear', 'no upstream is configured, so there is no provider to reach')];
  const all = await Promise.all(
    providers.map(async (origin) => ({ origin, answer: await ask('GET', door(origin), { timeoutMs: 5_000 }) })),
  );
  const reached = all.filter(({ answer }) => isThere(answer.status, answer.why)).map(({ origin }) => origin);
  if (reached.length > 0) return [attempt('go-round', 'succeeded', `reached ${reached.join(', ')} without the gate`)];
  const left = (await Promise.all(nowhere.map(async ([kind, to]) => ((await leaves(kind, to)) ? [to] : [])))).flat();
  if (left.length > 0)
    return [
      attempt('go-round', 'succeeded', `it has a way out past the gates: what it sent to ${left.join(', ')} left`),
    ];
  return [attempt('go-round', 'refused', all.map(({ origin, answer }) => `${origin}: ${answer.why}`).join('; '))];
};

/** Where to knock. A database hangs up on HTTP, and so tells that it is there. */
function door(address: string): string {
  const { protocol, hostname, port } = new URL(address);
  return protocol === 'http:' || protocol === 'https:' ? `${address}/` : `http://${hostname}:${port || 5432}/`;
}

/** Whether the kernel sends it: a rule for this user, or no route at all, is an error at once (ip(7), udp(7)). */
function leaves(kind: 'udp4' | 'udp6', to: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(kind);
    const end = (left: boolean): void => {
      socket.removeAllListeners('error').on('error', () => undefined);
      socket.close();
      resolve(left);
    };
    socket.once('error', () => end(false));
    // Port 9 throws away what it is sent (RFC 863).
    socket.send('', 9, to, (error) => end(error === null));
  });
}

/** An answer in a tongue that we did not expect, or under a certificate that we do not know, is an answer too. */
function isThere(status: number | undefined, why: string): boolean {
  return status !== undefined || /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY|HPE_|ECONNRESET|broken off/.test(why);
}
