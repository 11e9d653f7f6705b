/** Rows of one table, as the open transaction itself counts them: cascades and triggers included. */
export interface TableCount {
  readonly oid: string;
  /** `schema.name`. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** The planner's estimate of all its rows; -1 where it has none. */
  readonly estimate: number;
}
