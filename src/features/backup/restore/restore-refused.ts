/** Why nothing is restored. */
export type RestoreFault =
  /** No copy from which the target can be reached. */
  | 'no-backup'
  /** The log that leads to the target is not there without a gap. */
  | 'gap'
  /** Two stretches of one timeline say different things at one place: the server was set back and went on as if it were itself. */
  | 'forked'
  /** An object is gone or is not what was put, or the key is another one's. */
  | 'damaged'
  /** No PostgreSQL of the server's major is here, or it did not start. */
  | 'no-server'
  /** The server stopped before it reached the target. */
  | 'not-reached'
  | 'place';

/** Nothing was restored, or what was is not what was asked for. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused';
  readonly code: RestoreFault;
  readonly hint: string | undefined;

  constructor(code: RestoreFault, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}
