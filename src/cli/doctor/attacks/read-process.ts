import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { canList, canOpen } from './reachable.ts';
import { attempt, some, type Try } from '../target.ts';

const read = ['environ', 'maps', 'auxv', 'io', 'pagemap', 'syscall', 'smaps'] as const;
const followed = ['exe', 'cwd', 'root'] as const;
const listed = ['fd', 'map_files'] as const;

/** Opens what `/proc/<pid>` tells of a process to its own user alone (proc(5)), its memory above all. */
export const readProcess: Try = ({ pid }) => {
  if (!canRead('/proc/self/environ'))
    return [attempt('read-process', 'unclear', 'it cannot even read its own /proc: this check sees nothing')];
  const at = (name: string): string => `/proc/${pid}/${name}`;
  const reached = [
    ...read.filter((name) => canRead(at(name))),
    // Opening it is what asks whether we may trace the process; address 0 is mapped nowhere.
    ...(canOpen(at('mem')) ? ['mem'] : []),
    ...followed.filter((name) => canFollow(at(name))),
    ...listed.filter((name) => canList(at(name))),
  ];
  if (reached.length > 0) return [attempt('read-process', 'succeeded', `read ${some(reached.map(at))}`)];
  const tried = read.length + 1 + followed.length + listed.length;
  return [attempt('read-process', 'refused', `${tried} of /proc/${pid}, none opened`)];
};

function canRead(path: string): boolean {
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, Buffer.alloc(8));
      return true;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function canFollow(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
