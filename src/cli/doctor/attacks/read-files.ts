import { canList, canOpen } from './reachable.ts';
import { attempt, some, type Try } from '../target.ts';

/** Opens every file of the installation, and lists every folder. */
export const readFiles: Try = ({ files, folders, open }) => {
  if (!open.some((path) => canOpen(path)))
    return [attempt('read-files', 'unclear', 'not even what agents may read could be read: this check sees nothing')];
  const read = [...files.filter((path) => canOpen(path)), ...folders.filter((path) => canList(path))];
  if (read.length > 0) return [attempt('read-files', 'succeeded', `read ${some(read)}`)];
  return [attempt('read-files', 'refused', `${files.length} files and ${folders.length} folders, none opened`)];
};
