import type { DatabaseSync } from 'node:sqlite';

/** After so many commits the write-ahead log is brought into the database at the next quiet moment. */
const commitsBetween = 50;
/** So long (ms) nothing was to be committed: nobody waits for us. */
const quiet = 5;
/** Pages at which SQLite does it by itself in the middle of a commit, when no moment was quiet. Its own default is 1,000. */
const pagesAtMost = 4_000;

/**
 * Brings the write-ahead log into the database when nobody waits for a commit: it takes two syncs and many scattered
 * writes, and SQLite's own way makes one commit in fifty bear them. What cannot be brought over now is tried again later;
 * the log loses nothing by it.
 */
export class Checkpoints {
  readonly #database: DatabaseSync;
  #commits = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(`PRAGMA wal_autocheckpoint = ${pagesAtMost}`);
  }

  committed(): void {
    this.#commits += 1;
    clearTimeout(this.#timer);
  }

  /** Nothing waits to be committed. */
  afterWork(): void {
    if (this.#commits < commitsBetween) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#bringOver(), quiet).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #bringOver(): void {
    if (this.#database.isTransaction) return;
    this.#commits = 0;
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // A disk that fails shows at the next commit, to whoever wanted it.
    }
  }
}
