/** About tables that are emptied, whole, by a statement that hides them from everybody else until it is committed. */
export const objectQuestions = Object.freeze({
  /**
   * These tables ($1, oids), all that inherit from them, and with $2 `cascade` all that refer to them: oid, schema, name, kind,
   * the file that holds its rows, its size, whether the asking role may lock it, a digest of everything that is said of it in the
   * catalogue but for that file, and the sequences that its columns own, each with its file and whether the role may move it on.
   */
  emptying: `WITH RECURSIVE reached(oid) AS (
      SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x
      UNION SELECT y.oid FROM reached r CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid
        UNION ALL SELECT k.conrelid FROM pg_catalog.pg_constraint k
          WHERE k.confrelid = r.oid AND k.contype = 'f' AND $2::pg_catalog.text = 'cascade') y(oid))
    SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text,
      c.relfilenode::pg_catalog.text, CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END::pg_catalog.text,
      pg_catalog.has_table_privilege(c.oid, 'TRUNCATE, DELETE, UPDATE')::pg_catalog.text,
      pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', n.nspname, c.relname, c.reltype, c.reloftype, c.relowner, c.relam, c.reltablespace, c.relpersistence, c.relkind,
        c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relpartbound::pg_catalog.text,
        c.relacl::pg_catalog.text, c.reloptions::pg_catalog.text,
        (SELECT pg_catalog.json_agg(a::pg_catalog.text ORDER BY a.attnum)::pg_catalog.text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid),
        (SELECT pg_catalog.json_agg(d::pg_catalog.text ORDER BY d.oid)::pg_catalog.text FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid),
        (SELECT pg_catalog.json_agg(k::pg_catalog.text ORDER BY k.oid)::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE c.oid IN (k.conrelid, k.confrelid)),
        (SELECT pg_catalog.json_agg(i::pg_catalog.text ORDER BY i.indexrelid)::pg_catalog.text FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
        (SELECT pg_catalog.json_agg(g::pg_catalog.text ORDER BY g.oid)::pg_catalog.text FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid),
        (SELECT pg_catalog.json_agg(p::pg_catalog.text ORDER BY p.oid)::pg_catalog.text FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
        (SELECT pg_catalog.json_agg(w::pg_catalog.text ORDER BY w.oid)::pg_catalog.text FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid),
        (SELECT pg_catalog.json_agg(h::pg_catalog.text ORDER BY h.inhrelid, h.inhseqno)::pg_catalog.text FROM pg_catalog.pg_inherits h
          WHERE c.oid IN (h.inhrelid, h.inhparent))), 'UTF8')), 'hex'),
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.oid::pg_catalog.text, s.relfilenode::pg_catalog.text,
          pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE')) ORDER BY s.oid)
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.refobjid = c.oid AND d.deptype IN ('a', 'i'))::pg_catalog.text
    FROM (SELECT DISTINCT r.oid FROM reached r) q JOIN pg_catalog.pg_class c ON c.oid = q.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY c.oid`,

  /**
   * How many things the open transaction has taken for itself alone beside these tables ($1), their indexes and what they keep
   * out of line, and these sequences ($2).
   */
  takenElse: `WITH named(oid) AS (SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) x),
      tables(oid) AS (SELECT m.oid FROM named m UNION SELECT c.reltoastrelid FROM named m JOIN pg_catalog.pg_class c ON c.oid = m.oid),
      known(oid) AS (SELECT t.oid FROM tables t UNION SELECT i.indexrelid FROM tables t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
        UNION SELECT x::pg_catalog.oid FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) x)
    SELECT pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON l.locktype = 'relation' AND c.oid = l.relation
      WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype IN ('relation', 'object') AND l.mode = 'AccessExclusiveLock'
        AND COALESCE(c.relpersistence <> 't', true) AND NOT (l.locktype = 'relation' AND l.relation IN (SELECT k.oid FROM known k))`,

  /**
   * Indexes by schema and name ($1): place, oid, oid, schema and name of the table, the text that makes it, whether such a text says all of it, and a
   * digest of everything that is said of it, oids aside. Under a search_path of pg_catalog alone; waits for whoever has the table for himself.
   */
  indexes: `SELECT a.i::pg_catalog.text, c.oid::pg_catalog.text, t.oid::pg_catalog.text, m.nspname::pg_catalog.text, t.relname::pg_catalog.text,
      pg_catalog.pg_get_indexdef(c.oid),
      (c.relkind = 'i' AND t.relkind = 'r' AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid::pg_catalog.int8 >= 16384
        AND i.indisvalid AND i.indisready AND i.indislive AND NOT i.indisprimary AND NOT i.indisexclusion AND NOT i.indisclustered AND NOT i.indisreplident
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid)
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('e', 'x'))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid)
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_seclabel l WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = c.oid))::pg_catalog.text,
      pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.json_build_array(n.nspname, c.relname, m.nspname, t.relname, c.relkind, c.relpersistence,
        pg_catalog.pg_get_userbyid(c.relowner), c.relam, c.reltablespace, c.relacl::pg_catalog.text, c.reloptions::pg_catalog.text, pg_catalog.pg_get_indexdef(c.oid), i.indkey::pg_catalog.text, i.indclass::pg_catalog.text,
        i.indcollation::pg_catalog.text, i.indoption::pg_catalog.text, i.indisunique, i.indimmediate, i.indisclustered, i.indisvalid, i.indisready, i.indislive, i.indisreplident,
        pg_catalog.obj_description(c.oid, 'pg_class'),
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(b.attname, b.atttypid, b.atttypmod, b.attcollation, b.attstattarget, b.attoptions::pg_catalog.text, pg_catalog.col_description(c.oid, b.attnum)) ORDER BY b.attnum)
          FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid))::pg_catalog.text, 'UTF8')), 'hex')
    FROM pg_catalog.json_array_elements($1::pg_catalog.json) WITH ORDINALITY a(value, i)
    JOIN pg_catalog.pg_namespace n ON n.nspname = a.value->>0 JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.value->>1
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_catalog.pg_namespace m ON m.oid = t.relnamespace ORDER BY a.i`,

  /** All indexes of the tables that these ($1, oids) are on: oid, schema, name. */
  siblings: `SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indrelid IN (SELECT j.indrelid FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e
      JOIN pg_catalog.pg_index j ON j.indexrelid::pg_catalog.text = e) ORDER BY c.oid LIMIT 1000`,

  /** The same indexes ($1), a digest of what the catalogue holds of each, as it is: place, oid, digest. Waits for nobody. */
  indexesHeld: `SELECT a.i::pg_catalog.text, c.oid::pg_catalog.text, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', c::pg_catalog.text, x::pg_catalog.text,
        (SELECT pg_catalog.json_agg(b::pg_catalog.text ORDER BY b.attnum)::pg_catalog.text FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid),
        (SELECT pg_catalog.json_agg(d::pg_catalog.text ORDER BY d::pg_catalog.text)::pg_catalog.text FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid),
        (SELECT pg_catalog.json_agg(d::pg_catalog.text ORDER BY d::pg_catalog.text)::pg_catalog.text FROM pg_catalog.pg_description d WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = c.oid)), 'UTF8')), 'hex')
    FROM pg_catalog.json_array_elements($1::pg_catalog.json) WITH ORDINALITY a(value, i)
    JOIN pg_catalog.pg_namespace n ON n.nspname = a.value->>0 JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.value->>1
    LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid ORDER BY a.i`,

  /** A digest of everything that is said of these tables ($1) but for these indexes ($2); with $3 `size` how large they are as well. */
  indexed: `SELECT c.oid::pg_catalog.text, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', n.nspname, c.relname, c.reltype, c.relowner,
        c.relam, c.relfilenode, c.reltablespace, c.relpersistence, c.relkind, c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
        c.relispartition, c.relacl::pg_catalog.text, c.reloptions::pg_catalog.text,
        (SELECT pg_catalog.json_agg(a::pg_catalog.text ORDER BY a.attnum)::pg_catalog.text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid),
        (SELECT pg_catalog.json_agg(d::pg_catalog.text ORDER BY d.oid)::pg_catalog.text FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid),
        (SELECT pg_catalog.json_agg(k::pg_catalog.text ORDER BY k.oid)::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE c.oid IN (k.conrelid, k.confrelid)),
        (SELECT pg_catalog.json_agg(i::pg_catalog.text ORDER BY i.indexrelid)::pg_catalog.text FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
          AND i.indexrelid::pg_catalog.text NOT IN (SELECT x FROM pg_catalog.json_array_elements_text($2::pg_catalog.json) x)),
        (SELECT pg_catalog.json_agg(g::pg_catalog.text ORDER BY g.oid)::pg_catalog.text FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid),
        (SELECT pg_catalog.json_agg(p::pg_catalog.text ORDER BY p.oid)::pg_catalog.text FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
        (SELECT pg_catalog.json_agg(w::pg_catalog.text ORDER BY w.oid)::pg_catalog.text FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid)), 'UTF8')), 'hex'),
      CASE WHEN $3::pg_catalog.text = 'size' THEN pg_catalog.pg_relation_size(c.oid) END::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class c ON c.oid::pg_catalog.text = e
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid`,

  /** Sequences by oid ($1): schema, name, by how much it goes on, whether it begins anew at its end, its last value or null, its first. */
  sequences: `SELECT c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, s.seqincrement::pg_catalog.text,
      s.seqcycle::pg_catalog.text, pg_catalog.pg_sequence_last_value(c.oid)::pg_catalog.text, s.seqstart::pg_catalog.text
    FROM pg_catalog.json_array_elements_text($1::pg_catalog.json) e JOIN pg_catalog.pg_class c ON c.oid::pg_catalog.text = e AND c.relkind = 'S'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid ORDER BY c.oid`,
} as const);
