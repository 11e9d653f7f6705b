import type { Content } from '../rows/image.ts';
import type { Described } from '../rows/tables.ts';

/** A table as it stands in the catalogue. */
export interface Standing {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `r`, `p`, `f`, … */
  readonly kind: string;
  /** The file that holds its rows: another one once it was emptied. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly lockable: boolean;
  /** Of everything that the catalogue says of it besides. */
  readonly digest: string;
  /** Those that its columns own. */
  readonly sequences: readonly { readonly oid: string; readonly file: string; readonly movable: boolean }[];
}

/** A sequence as it was. */
export interface SequenceImage {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly increment: string;
  readonly cycles: boolean;
  /** Null before its first value. */
  readonly last: string | null;
  readonly start: string;
}

/** A table that a statement was about to empty, with all its rows as everybody saw them. */
export interface Copied {
  readonly standing: Standing;
  readonly described: Described;
  readonly rows: readonly Content[];
  /** What the server makes of each row by itself. */
  readonly generated: readonly Content[];
}

/** What is known of the tables that a transaction empties. */
export interface Emptying {
  /** All that stood before, by oid: those that hold no rows themselves as well. */
  readonly standing: ReadonlyMap<string, Standing>;
  readonly copied: ReadonlyMap<string, Copied>;
  readonly sequences: ReadonlyMap<string, SequenceImage>;
  /** The database that was copied from, as the second line named it. */
  readonly server: string;
  /** Why nothing of it is secured. */
  readonly why?: string;
}

/** Transactions whose copies are kept at once; each is bounded as an image is. What is forgotten is not secured. */
const mostTransactions = 16;

/** Copies of tables that open transactions have emptied, or are about to: nobody can look at these rows any more. */
export class EmptyingTransactions {
  readonly #known = new Map<string, Emptying>();

  set(transaction: string, emptying: Emptying): void {
    this.#known.delete(transaction);
    this.#known.set(transaction, emptying);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostTransactions && oldest !== undefined) this.#known.delete(oldest);
  }

  of(transaction: string): Emptying | undefined {
    return this.#known.get(transaction);
  }

  /** For the last time: what is judged is judged once. */
  take(transaction: string): Emptying | undefined {
    const known = this.#known.get(transaction);
    this.#known.delete(transaction);
    return known;
  }
}
