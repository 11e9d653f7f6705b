/** What a transaction did: counters from inside it, old row versions from a second connection that still sees them. */
import { createHash } from 'node:crypto';
import { Client } from 'pg';
import type { Line, OwnResult, Target } from './line.ts';
import type { Measured, TableCount } from './road.ts';

/** Old versions of the rows that transaction `xid` changed: rule R3 of the undo research, one table at a time. */
export interface Images {
  readonly of: (table: TableCount, xid: string, horizon: string) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

const PLAIN = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/;

export async function openImages(target: Target): Promise<Images> {
  const client = new Client({ ...target });
  client.on('error', () => undefined);
  await client.connect();
  await client.query("SET row_security=off; SET lock_timeout='1s'; SET search_path=pg_catalog");
  return {
    of: async (count, xid, horizon) => {
      if (!PLAIN.test(count.table)) throw new Error(`table name \`${count.table}\` is beyond the spike`);
      const low = String(BigInt(xid) % 4_294_967_296n);
      const sql = `SELECT t::text AS row FROM ONLY ${count.table} t WHERE xmax <> '0'::xid AND (age(xmax) <= age($1::xid)
        OR (mxid_age(xmax) > 0 AND mxid_age(xmax) <= mxid_age($2::xid)))`;
      const { rows } = await client.query<{ row: string }>({ name: count.table, text: sql, values: [low, horizon] });
      return rows.map(({ row }) => row).sort();
    },
    close: () => client.end(),
  };
}

/** Our statements that must come before the transaction: old counters flushed, so that differences are absolute; multixact horizon noted. */
export function prepareToMeasure(line: Line): { readonly horizon: Promise<OwnResult> } {
  const flushed = line.own('flush');
  const horizon = line.own('horizon');
  line.sync().catch(() => undefined);
  flushed.catch(() => undefined);
  return { horizon };
}

/** Queues the measuring behind what has been sent; the caller sends Flush or Sync. Deferred constraints and triggers run here, before anybody judges. */
export async function measure(line: Line, horizon: Promise<OwnResult>, images: Images | null): Promise<Measured> {
  const constraints = line.own('constraints');
  const asked = line.own('measure');
  line.flush();
  await constraints;
  const [xid, json, holdable] = (await asked).rows[0] ?? [];
  if (holdable !== '0') throw new Error('a WITH HOLD cursor would run its query inside the commit');
  const found = json === null || json === undefined ? [] : (JSON.parse(json) as [string, number, number, number][]);
  const counts = found.map(([table, inserted, updated, deleted]) => ({ table, inserted, updated, deleted }));
  if (xid === undefined) throw new Error('the server did not measure');
  const hash = createHash('sha256').update(JSON.stringify(counts));
  if (images !== null && xid !== null) {
    const low = (await horizon).rows[0]?.[0];
    if (low === null || low === undefined) throw new Error('no multixact horizon');
    for (const count of counts) {
      if (count.updated + count.deleted === 0) continue;
      for (const row of await images.of(count, xid, low)) hash.update(`${row.length}:${row}`);
    }
  }
  return { xid, counts, affected: hash.digest('hex') };
}
