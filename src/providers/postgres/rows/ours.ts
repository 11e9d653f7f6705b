/** True of what the open transaction wrote; $1 is the low half of its id. */
export function ours(alias: string): string {
  return oursAs(alias, '$1::pg_catalog.text::pg_catalog.xid');
}

/** The same in a statement of the transaction's own, which knows its id by itself. */
export function oursNow(alias: string): string {
  return oursAs(alias, 'pg_catalog.pg_current_xact_id()::pg_catalog.xid');
}

/** Ages are counted from one moment of the transaction, which need not be the one at which it got its id. */
function oursAs(alias: string, top: string): string {
  return `pg_catalog.age(${alias}.xmin) <= pg_catalog.age(${top})
    AND pg_catalog.pg_xact_status((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric
      + pg_catalog.age(${top}) - pg_catalog.age(${alias}.xmin))::pg_catalog.text::pg_catalog.xid8) = 'in progress'`;
}
