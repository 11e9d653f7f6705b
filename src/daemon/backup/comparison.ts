import { openByAddress } from '../connect-database.ts';
import { type ComparedTable, compareTables, diffTable, type TableDiff } from '../../features/backup/compare.ts';
import { takeBackSql } from '../../features/backup/take-back.ts';
import { openOwnServer } from '../../upstream/postgres/administrator.ts';

export { NotConnected } from '../connect-database.ts';
export { RestoreRefused } from '../../features/backup/restore/restore-refused.ts';
export type { ChangedRow, ComparedTable, TableDiff } from '../../features/backup/compare.ts';

export interface ComparisonAsked {
  /** Whole postgres:// address of the live database, with user and password; reads alone go there. */
  readonly live: string;
  /** PEM. */
  readonly ca?: string;
  /** Path of the restored server's socket, and who it is signed in to as. */
  readonly socket: string;
  readonly user: string;
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** A live database beside the same one of a restored server. */
export interface Comparison extends AsyncDisposable {
  readonly database: string;
  /** Reads all of both. */
  tables(): AsyncGenerator<ComparedTable>;
  /** The first `most` rows that differ, and how many do. Throws `RestoreRefused`. */
  rows(table: TableName, most: number): Promise<TableDiff>;
  /** SQL that puts back what the diff shows as gone or changed. */
  takeBack(table: TableName, diff: TableDiff): Promise<string>;
}

/** Throws `NotConnected`, and the system's error where no restored server runs at that socket. */
export async function openComparison({ live, ca, socket, user }: ComparisonAsked): Promise<Comparison> {
  const { administrator: ours, database } = await openByAddress(live, ca);
  const theirs = await openOwnServer({ socket, user, database }).catch(async (cause: unknown) => {
    await ours.close();
    throw cause;
  });
  return Object.freeze({
    database,
    tables: () => compareTables(ours, theirs),
    rows: (table: TableName, most: number) => diffTable(ours, theirs, table, most),
    takeBack: (table: TableName, diff: TableDiff) => takeBackSql(theirs, table, diff),
    async [Symbol.asyncDispose]() {
      await Promise.all([ours.close(), theirs.close()]);
    },
  });
}
