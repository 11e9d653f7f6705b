import { type Findings, said } from './findings.ts';
import { quotedName, type Sql } from '../restore/sql.ts';

/**
 * Every heap and every B-tree by `amcheck`, which PostgreSQL brings itself: what a page says of its rows, and that each row
 * is found by each index. Asked as the superuser of a server that is thrown away.
 */
export async function checkPages(sql: Sql, database: string, major: number, findings: Findings): Promise<void> {
  const schema = await amcheck(sql, database, findings);
  if (schema === undefined) return;
  await checkHeaps(sql, database, schema, findings);
  await checkIndexes(sql, database, schema, major, findings);
}

async function amcheck(sql: Sql, database: string, findings: Findings): Promise<string | undefined> {
  const asked = `SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'amcheck'`;
  try {
    if ((await sql.run(asked)).length === 0)
      await sql.run('CREATE SCHEMA holdpoint_amcheck; CREATE EXTENSION amcheck SCHEMA holdpoint_amcheck');
    const [row] = await sql.run(asked);
    return row?.[0] ?? undefined;
  } catch (thrown) {
    findings.note(`\`${database}\`: indexes were not looked at, because amcheck is not there (${said(thrown)})`);
    return undefined;
  }
}

async function checkHeaps(sql: Sql, database: string, schema: string, findings: Findings): Promise<void> {
  const heaps = await sql.run(
    `SELECT c.oid::text, c.oid::regclass::text FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND (c.relkind = 'r' OR c.relispopulated)
        AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap') ORDER BY c.oid`,
  );
  for (const [oid, name] of heaps) {
    try {
      const found = await sql.run(
        `SELECT blkno::text, msg FROM ${quotedName(schema)}.verify_heapam(${oid}::regclass, check_toast => true) LIMIT 3`,
      );
      findings.checked.heaps++;
      for (const [block, message] of found)
        findings.problem(`table ${name} of \`${database}\` is damaged in block ${block}: ${message}`);
    } catch (thrown) {
      findings.problem(`table ${name} of \`${database}\` is damaged: ${said(thrown)}`);
    }
  }
}

async function checkIndexes(
  sql: Sql,
  database: string,
  schema: string,
  major: number,
  findings: Findings,
): Promise<void> {
  const elsewhere = await sortsOtherwise(sql, major);
  const indexes = await sql.run(
    `SELECT c.oid::text, c.oid::regclass::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      WHERE c.relkind = 'i' AND c.relpersistence = 'p' AND i.indisvalid AND i.indisready AND i.indislive
        AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree') ORDER BY c.oid`,
  );
  // Since 17 also that what is unique is.
  const unique = major >= 17 ? ', true' : '';
  for (const [oid, name] of indexes) {
    try {
      await sql.run(`SELECT ${quotedName(schema)}.bt_index_check(${oid}::regclass, true${unique})`);
      findings.checked.indexes++;
    } catch (thrown) {
      if (elsewhere) findings.note(`index ${name} of \`${database}\` sorts otherwise here: ${said(thrown)}`);
      else findings.problem(`index ${name} of \`${database}\` is damaged: ${said(thrown)}`);
    }
  }
  if (elsewhere)
    findings.note(`\`${database}\` sorts text by another library here: what its indexes say of text proves nothing`);
}

/** The copied server's collations were of another version than those here. */
async function sortsOtherwise(sql: Sql, major: number): Promise<boolean> {
  const ofDatabase =
    major >= 15
      ? `SELECT 1 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
          AND datcollversion IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(oid) UNION ALL `
      : '';
  const rows = await sql.run(
    `${ofDatabase}SELECT 1 FROM pg_catalog.pg_collation
      WHERE collversion IS NOT NULL AND collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(oid)
        AND oid IN (SELECT pg_catalog.unnest(indcollation) FROM pg_catalog.pg_index)`,
  );
  return rows.length > 0;
}
