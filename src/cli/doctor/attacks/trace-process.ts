import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { attempt, type Try } from '../target.ts';

/** PTRACE_ATTACH, and PTRACE_DETACH at once (ptrace(2)). Prints what came of it. */
const byPython = `
import ctypes, os, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(16, pid, None, None) == 0:
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, None, None)
    print('attached')
else:
    print('refused', ctypes.get_errno())
`;

interface Debugger {
  readonly name: string;
  /** What it says: `undefined` where it is not installed, or said neither. */
  attach(pid: number): boolean | undefined;
}

const debuggers: readonly Debugger[] = [
  {
    // Isolated: what lies in the home of the one who attacks must not run, and answer for us.
    name: 'python3',
    attach(pid) {
      const { stdout } = spawnSync('python3', ['-I', '-c', byPython, String(pid)], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      const said = stdout ?? '';
      return said.startsWith('attached') ? true : said.startsWith('refused') ? false : undefined;
    },
  },
  {
    name: 'strace',
    attach(pid) {
      const args = ['-p', String(pid), '-e', 'trace=none', '-o', '/dev/null'];
      const { stderr } = spawnSync('strace', args, { encoding: 'utf8', timeout: 1_500 });
      const said = stderr ?? '';
      return said.includes(' attached') ? true : said.includes('not permitted') ? false : undefined;
    },
  },
  {
    name: 'gdb',
    attach(pid) {
      const args = ['-nx', '-batch', '-ex', 'detach', '-p', String(pid)];
      const { stdout, stderr } = spawnSync('gdb', args, { encoding: 'utf8', timeout: 20_000 });
      const said = `${stdout ?? ''}${stderr ?? ''}`;
      return said.includes('not permitted') ? false : said.includes('detached') ? true : undefined;
    },
  },
];

/** Attaches the first debugger that is here and says something. */
export const traceProcess: Try = ({ pid }) => {
  for (const one of debuggers) {
    const attached = one.attach(pid);
    if (attached === undefined) continue;
    const detail = attached ? `${one.name} attached to ${pid}` : `${one.name} may not attach to ${pid}`;
    return [attempt('trace-process', attached ? 'succeeded' : 'refused', detail)];
  }
  // Opening the memory asks the kernel the question that attaching asks (PTRACE_MODE_ATTACH).
  const may = canOpen(`/proc/${pid}/mem`);
  const detail = `no debugger is here; /proc/${pid}/mem, which asks the kernel the same, ${may ? 'opened' : 'is refused'}`;
  return [attempt('trace-process', may ? 'succeeded' : 'refused', detail)];
};

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}
