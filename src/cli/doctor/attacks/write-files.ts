import { closeSync, constants, lstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { attempt, some, type Try } from '../target.ts';

/** Opens every file for writing (and writes nothing), and puts a file into every folder (and takes it away again). */
export const writeFiles: Try = ({ data, files, folders, open }) => {
  const own = mkdtempSync(join(tmpdir(), 'holdpoint-doctor-'));
  const sees = canAdd(own);
  rmSync(own, { recursive: true, force: true });
  if (!sees)
    return [attempt('write-files', 'unclear', 'it cannot even write a file of its own: this check sees nothing')];
  const within = [...new Set([dirname(data), data, ...folders, ...open.map((path) => dirname(path))])];
  const written = [
    ...[...files, ...open].filter((path) => canWrite(path)),
    ...within.filter((path) => !isForAll(path) && canAdd(path)),
  ];
  if (written.length > 0) return [attempt('write-files', 'succeeded', `could write ${some(written)}`)];
  const tried = files.length + open.length;
  return [attempt('write-files', 'refused', `${tried} files and ${within.length} folders, none could be written`)];
};

function canWrite(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

function canAdd(folder: string): boolean {
  const path = join(folder, `.holdpoint-doctor-${process.pid}`);
  try {
    closeSync(openSync(path, 'wx', 0o600));
    rmSync(path);
    return true;
  } catch {
    return false;
  }
}

/** `/tmp` and its like: whoever adds something there changes nothing of another's. */
function isForAll(folder: string): boolean {
  return ((lstatSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o1000) !== 0;
}
