import { type Findings, said } from './findings.ts';
import { quotedName, quotedText, type Sql } from '../restore/sql.ts';

/**
 * Foreign keys and CHECKs that the catalogue calls valid, tried on every row: a copy that lost some may still open. Asked
 * by a role with no rights but to read, because a CHECK runs what its author wrote.
 */
export async function checkConstraints(sql: Sql, database: string, findings: Findings): Promise<void> {
  for (const { name, table, question } of [...(await foreignKeys(sql)), ...(await checks(sql))]) {
    const where = `\`${name}\` of ${table} in \`${database}\``;
    try {
      const [row] = await sql.run(question);
      findings.checked.constraints++;
      if (row?.[0] !== '0') findings.problem(`${row?.[0]} rows break the constraint ${where}`);
    } catch (thrown) {
      const denied = thrown instanceof Error && 'code' in thrown && thrown.code === '42501';
      if (denied)
        findings.note(`the constraint ${where} runs a function that a mere reader may not, and was not tried`);
      else findings.problem(`the constraint ${where} cannot be tried: ${said(thrown)}`);
    }
  }
}

interface Asked {
  readonly name: string;
  readonly table: string;
  /** How many rows break it. */
  readonly question: string;
}

async function foreignKeys(sql: Sql): Promise<readonly Asked[]> {
  // Temporal keys (18) and those that are not enforced say something else; neither column is there before.
  const [row] = await sql.run(
    `SELECT pg_catalog.string_agg(attname, ' ') FROM pg_catalog.pg_attribute
      WHERE attrelid = 'pg_catalog.pg_constraint'::regclass AND attname IN ('conperiod', 'conenforced')`,
  );
  const known = (row?.[0] ?? '').split(' ');
  const rows = await sql.run(
    `SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text, r.relkind::text, f.relkind::text,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, b.attname, n.nspname, o.oprname) ORDER BY k.at)
           FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY k(own, other, op, at)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
           JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
           JOIN pg_catalog.pg_operator o ON o.oid = k.op
           JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace)::text
       FROM pg_catalog.pg_constraint c
       JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
       JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
      WHERE c.contype = 'f' AND c.convalidated AND c.conparentid = 0 AND r.relpersistence = 'p' AND f.relpersistence = 'p'
        ${known.includes('conperiod') ? 'AND NOT c.conperiod' : ''}
        ${known.includes('conenforced') ? 'AND c.conenforced' : ''}
      ORDER BY c.oid`,
  );
  return rows.map(([name, table, other, kind, otherKind, pairs]) => {
    const columns = JSON.parse(pairs ?? '[]') as readonly (readonly [string, string, string, string])[];
    const present = columns.map(([own]) => `child.${quotedName(own)} IS NOT NULL`).join(' AND ');
    const equal = columns
      .map(
        ([own, parent, schema, operator]) =>
          `parent.${quotedName(parent)} OPERATOR(${quotedName(schema)}.${operator}) child.${quotedName(own)}`,
      )
      .join(' AND ');
    const only = (of: string | null | undefined): string => (of === 'r' ? 'ONLY ' : '');
    return {
      name: name ?? '',
      table: table ?? '',
      question: `SELECT pg_catalog.count(*)::text FROM ${only(kind)}${table} child WHERE ${present}
        AND NOT EXISTS (SELECT 1 FROM ${only(otherKind)}${other} parent WHERE ${equal})`,
    };
  });
}

async function checks(sql: Sql): Promise<readonly Asked[]> {
  const rows = await sql.run(
    `SELECT c.conname, c.conrelid::regclass::text, pg_catalog.pg_get_expr(c.conbin, c.conrelid)
       FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
      WHERE c.contype = 'c' AND c.convalidated AND r.relkind = 'r' AND r.relpersistence = 'p'
        AND r.relnamespace NOT IN (${quotedText('pg_catalog')}::regnamespace, 'information_schema'::regnamespace)
      ORDER BY c.oid`,
  );
  return rows.map(([name, table, expression]) => ({
    name: name ?? '',
    table: table ?? '',
    question: `SELECT pg_catalog.count(*)::text FROM ONLY ${table} WHERE NOT (${expression})`,
  }));
}
