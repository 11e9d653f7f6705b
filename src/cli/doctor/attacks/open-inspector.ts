import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from './ask.ts';
import { attempt, codeOf, type Try } from '../target.ts';

const signal = 10;
const usualPort = 9229;

/** Sends SIGUSR1, at which Node opens its inspector unless it was told not to, and looks whether it listens. */
export const openInspector: Try = async ({ pid }) => {
  const before = await inspector();
  if (before !== undefined) return [attempt('open-inspector', 'succeeded', `an inspector listens already: ${before}`)];
  const caught = catches(pid, signal);
  try {
    // Where nobody catches it, it would end the daemon; that it could be sent is as much as we want to know.
    process.kill(pid, caught === true ? 'SIGUSR1' : 0);
  } catch (thrown) {
    const code = codeOf(thrown);
    return [attempt('open-inspector', code === 'EPERM' ? 'refused' : 'unclear', `SIGUSR1 to ${pid}: ${code}`)];
  }
  if (caught !== true)
    return [attempt('open-inspector', 'unclear', 'the signal may be sent, and nothing catches it: it was not sent')];
  await pause(700);
  const after = await inspector();
  if (after !== undefined) return [attempt('open-inspector', 'succeeded', `SIGUSR1 opened ${after}`)];
  return [attempt('open-inspector', 'refused', 'SIGUSR1 was taken, and no inspector opened')];
};

/** Whether a process handles a signal, by the mask in its status (proc(5), SigCgt); undefined where that is not told. */
function catches(pid: number, number: number): boolean | undefined {
  try {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return mask === undefined ? undefined : ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n;
  } catch {
    return undefined;
  }
}

async function inspector(): Promise<string | undefined> {
  const address = `http://127.0.0.1:${usualPort}`;
  const answer = await ask('GET', `${address}/json/version`);
  return answer.status === 200 && answer.text.includes('node.js') ? address : undefined;
}
