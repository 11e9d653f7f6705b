import { accessSync, constants, existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, some, type Try } from '../target.ts';

/** Through which root is told what to run, and as whom. */
const systemFiles = [
  '/etc/passwd',
  '/etc/group',
  '/etc/shadow',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/ld.so.preload',
  '/etc/ld.so.conf.d',
  '/etc/cron.d',
  '/etc/crontab',
  '/etc/systemd/system',
  '/etc/systemd/system/holdpoint.service',
  '/etc/systemd/system/holdpoint.service.d',
  '/usr/lib/systemd/system',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/bin',
  '/usr/sbin',
];

const most = 30_000;

/** Looks for anything of the daemon's program, of the way to it, or of how the system starts it, that it may change. */
export const changeProgram: Try = ({ program }) => {
  const own = ['package.json', 'bin', 'src', 'dist', 'policy', 'schema', 'node_modules'];
  const files = [
    program.node,
    realpathSync(program.node),
    ...own.map((one) => join(program.root, one)).filter((path) => existsSync(path)),
  ];
  const ways = new Set([...files, program.root].flatMap((path) => above(path)));
  const within = files.flatMap((path) => tree(path));
  const changed = [
    ...[...ways].filter((path) => mayChange(path) && !isSticky(path)),
    ...within.filter((path) => mayChange(path)),
    ...systemFiles.filter((path) => existsSync(path) && mayChange(path)),
  ];
  if (changed.length > 0) return [attempt('change-program', 'succeeded', `may change ${some(changed)}`)];
  if (within.length >= most)
    return [attempt('change-program', 'unclear', `there are more than ${most} files; not all were looked at`)];
  return [attempt('change-program', 'refused', `${within.length + ways.size + systemFiles.length} places, none`)];
};

function above(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = path; at !== dirname(at); at = dirname(at)) found.push(dirname(at));
  return found;
}

function tree(path: string): readonly string[] {
  const found = [path];
  for (let next = 0; next < found.length && found.length < most; next++) {
    const at = found[next] ?? path;
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    try {
      found.push(...readdirSync(at).map((name) => join(at, name)));
    } catch {
      // A folder that it cannot even list.
    }
  }
  return found;
}

/** Whether it may write it, or owns it and could let itself. A link's own mode says nothing: what it leads to does. */
function mayChange(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.()) return true;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** In such a folder (`/tmp`) nobody can put something in place of what is another's. */
function isSticky(path: string): boolean {
  const found = lstatSync(path);
  return (found.mode & 0o1000) !== 0 && found.uid !== process.getuid?.();
}
