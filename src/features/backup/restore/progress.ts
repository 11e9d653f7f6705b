/** How far a restore is. `done` and `of` in bytes, of the log that is replayed in bytes of the log. */
export interface RestoreProgress {
  readonly stage: 'files' | 'log' | 'replay' | 'check';
  readonly done: number;
  readonly of: number;
}

export type Tell = (progress: RestoreProgress) => void;
