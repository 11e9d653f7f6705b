/** Rows that were added to one table, by their keys, and what each looked like. */
export interface AddedRows {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Keys as text in the order of `columns`, then the hash of the whole row as text. */
  readonly rows: readonly (readonly string[])[];
}

/** An object that was made. `column` and `constraint` are of the relation that `oid` names. */
export interface Made {
  readonly what: 'relation' | 'column' | 'constraint' | 'schema' | 'type';
  readonly oid: string;
  /** r, p, v, m, S, i for relations; empty for the rest. */
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  /** Of a column or constraint. */
  readonly member: string;
  /** Of a column its number, of a constraint its oid: either is another one after it was dropped and made again. */
  readonly id: string;
}

/** What was added, and so what taking it away again takes. */
export interface Added {
  readonly entry: string;
  readonly major: number;
  readonly system: string;
  readonly database: string;
  readonly rows: readonly AddedRows[];
  readonly made: readonly Made[];
}
