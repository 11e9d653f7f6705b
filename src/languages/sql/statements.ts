import { alterTableReaders } from './alter-table.ts';
import { alterReaders } from './alter.ts';
import { codeReaders } from './code.ts';
import { copyReaders } from './copy.ts';
import { createReaders } from './create.ts';
import { dmlReaders } from './dml.ts';
import { dropReaders } from './drop.ts';
import { frameReaders } from './frame.ts';
import { holdingReaders } from './prepared.ts';
import { privilegeReaders } from './privileges.ts';
import { queryReaders } from './query.ts';
import type { Reader, Readers } from './reading.ts';
import { serverCodeReaders } from './server-code.ts';
import { settingReaders } from './setting.ts';
import { Unread } from './tree.ts';
import { utilityReaders } from './utility.ts';

/** Never stands by itself: seeing it there makes the statement `unknown`. */
const neverAlone: Reader = () => {
  throw new Unread('it is no statement by itself');
};

/**
 * Every statement node of PostgreSQL 18's grammar has its line here or in a family's table; `grammar.test.ts` fails for one
 * that has none (K6). What has no line is `unknown`.
 */
const families: readonly Readers[] = [
  queryReaders,
  dmlReaders,
  copyReaders,
  holdingReaders,
  frameReaders,
  settingReaders,
  codeReaders,
  createReaders,
  alterTableReaders,
  alterReaders,
  dropReaders,
  privilegeReaders,
  utilityReaders,
  serverCodeReaders,
  {
    // Parse analysis makes it out of a SELECT with UNION.
    SetOperationStmt: neverAlone,
    // The wrapper that says where a statement stands.
    RawStmt: neverAlone,
    // Only within the body of a function, where `code.ts` reads it.
    ReturnStmt: neverAlone,
    // Only under PL/pgSQL's own parse modes, which are never used here.
    PLAssignStmt: neverAlone,
    // A member of ALTER TABLE.
    ReplicaIdentityStmt: neverAlone,
  },
];

/** Statement node → its reader. */
export const statementReaders: ReadonlyMap<string, Reader> = new Map(
  families.flatMap((family) => Object.entries(family)),
);

/** How many lines the families have together; more than `statementReaders` would mean that one hides another. */
export const statementLines: number = families.reduce((sum, family) => sum + Object.keys(family).length, 0);
