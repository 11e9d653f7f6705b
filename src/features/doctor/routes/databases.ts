import { join } from 'node:path';
import { projectFiles } from './project-files.ts';
import { peek } from './peek.ts';
import type { Look } from './route.ts';

const address =
  /\b(postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql):\/\/[^\s:@/"']*:[^\s@"']+@([\w.-]+|\[[0-9a-fA-F:]+\])/g;
const here = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|db|postgres|redis|mysql)$/;

/** Addresses with a password, by which a database is reached without a gate. Those of this machine or of compose are not told. */
export const databaseAddresses: Look = ({ homes, projects }) => {
  const files = [...projectFiles(projects), ...homes.flatMap((home) => [join(home, '.env'), join(home, '.pgpass')])];
  return files.flatMap((where) => {
    const text = peek(where) ?? '';
    const hosts = [...text.matchAll(address)].map(([, kind = '', host = '']) => ({ kind, host }));
    const passwords = where.endsWith('.pgpass')
      ? [...text.matchAll(/^([^#:\s][^:\s]*):[^:\n]*:[^:\n]*:[^:\n]*:\S/gm)].map(([, host = '']) => ({
          kind: 'postgres',
          host,
        }))
      : [];
    return [...hosts, ...passwords]
      .filter(({ host }) => !here.test(host))
      .map(({ kind, host }) => ({
        kind: 'database' as const,
        where,
        what: `${kind} at ${host} can be reached directly, with a password`,
        certainty: 'found' as const,
        closes: 'take the address out of this file and change the password; let the database accept the gate alone',
      }));
  });
};
