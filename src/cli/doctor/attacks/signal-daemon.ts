import { attempt, codeOf, type Try } from '../target.ts';

/** Asks the kernel whether signals may be sent, by the one that does nothing: the check is the same for each (kill(2)). */
export const signalDaemon: Try = ({ pid }) => {
  try {
    process.kill(pid, 0);
    return [attempt('signal-daemon', 'succeeded', `may send ${pid} any signal, SIGKILL too; none was sent`)];
  } catch (thrown) {
    const code = codeOf(thrown);
    return [attempt('signal-daemon', code === 'EPERM' ? 'refused' : 'unclear', `signals to ${pid}: ${code}`)];
  }
};
