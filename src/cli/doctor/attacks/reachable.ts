import { closeSync, constants, openSync, readdirSync } from 'node:fs';

/** Whether this process may open it to read; what blocks (a pipe without a writer) is opened all the same. */
export function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

/** Whether this process may list it. */
export function canList(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
