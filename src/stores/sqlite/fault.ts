/**
 * Why the store did not do it.
 * - `closed`: the store, or the transaction, had ended
 * - `nested`: a transaction was asked for inside an open one, which would wait for itself for ever
 * - `slow`: a transaction's work did not end in time
 * - `malformed`: a key, a member or a record that has no exact place in the database
 * - `locked`, `full`, `io`, `damaged`: SQLite's own words for it
 * - `exposed`: others could read or replace the files
 * - `foreign`: the file is not a store of ours; `newer`: it is one of a later version
 */
export type StoreFaultCode =
  | 'closed'
  | 'nested'
  | 'slow'
  | 'malformed'
  | 'locked'
  | 'full'
  | 'io'
  | 'damaged'
  | 'exposed'
  | 'foreign'
  | 'newer'
  | 'failed';

/** The store could not do what was asked. Nothing of the transaction was kept. */
export class StoreFault extends Error {
  readonly code: StoreFaultCode;

  constructor(code: StoreFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreFault';
    this.code = code;
  }
}

/** Primary result codes, https://sqlite.org/rescode.html. */
const byResultCode: ReadonlyMap<number, readonly [StoreFaultCode, string]> = new Map([
  [5, ['locked', 'another process holds the store; close it and try again']],
  [6, ['locked', 'another connection holds the store; close it and try again']],
  [8, ['io', 'the store cannot be written; look at the permissions of its folder']],
  [10, ['io', 'the disk failed under the store; look at the system journal']],
  // A read that failed halfway ends like this as well, and the file is whole then.
  [
    11,
    [
      'damaged',
      'what was read of the store is not whole; start again, and if that says so too, restore it from a copy',
    ],
  ],
  [13, ['full', 'the disk is full; make room and try again']],
  [14, ['io', 'the store cannot be opened; look at its folder']],
  [26, ['foreign', 'the file is not a database']],
]);

/** Whatever was thrown, as a StoreFault that says what to do. */
export function storeFault(thrown: unknown): StoreFault {
  if (thrown instanceof StoreFault) return thrown;
  const found = byResultCode.get(resultCode(thrown) & 0xff);
  const [code, message] = found ?? ['failed', 'the store could not carry the transaction through'];
  return new StoreFault(code, message, { cause: thrown });
}

function resultCode(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return 0;
  return typeof thrown.errcode === 'number' ? thrown.errcode : 0;
}
