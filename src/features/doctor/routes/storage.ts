import { join } from 'node:path';
import { projectFiles } from './project-files.ts';
import { peek } from './peek.ts';
import type { Look } from './route.ts';

const closes = 'remove the key from this file and rotate it; give agents none that may delete from a bucket';
const inVariables =
  /^\s*(?:export\s+)?(AWS_SECRET_ACCESS_KEY|S3_SECRET(?:_ACCESS)?_KEY|R2_SECRET_ACCESS_KEY|B2_APPLICATION_KEY|MINIO_SECRET_KEY)\s*=\s*\S/m;

/** Keys of buckets: backups often lie there. */
export const storageKeys: Look = ({ homes, projects }) => {
  const credentials = homes
    .flatMap((home) => [
      join(home, '.aws', 'credentials'),
      join(home, '.config', 'rclone', 'rclone.conf'),
      join(home, '.s3cfg'),
    ])
    .filter((path) => /^\s*(aws_secret_access_key|secret_access_key|secret_key)\s*=\s*\S/m.test(peek(path) ?? ''))
    .map((where) => ({ where, what: 'keys of a bucket provider: whatever they may delete is not covered' }));
  const variables = projectFiles(projects).flatMap((where) => {
    const name = inVariables.exec(peek(where) ?? '')?.[1];
    return name === undefined ? [] : [{ where, what: `${name}: a bucket’s key` }];
  });
  return [...credentials, ...variables].map((one) => ({ kind: 'bucket', ...one, certainty: 'found', closes }) as const);
};
