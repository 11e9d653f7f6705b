import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';

const most = 262_144;

/**
 * The beginning of an ordinary file; undefined where there is none that can be read. Root looks into homes of others
 * with this: a pipe that somebody laid there does not keep it waiting. Links are followed, as the programs do that log in.
 */
export function peek(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(most);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, most, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Names in a folder, sorted; none where it cannot be listed. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
