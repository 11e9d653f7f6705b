/**
 * - `down`: the last write failed; nothing that needs a record may go on
 * - `closed`: the journal has ended
 * - `malformed`: the draft has no exact form, or a kind that is the journal's own
 * - `damaged`: what is stored does not fit together, or was signed with another key
 */
export type JournalFaultCode = 'down' | 'closed' | 'malformed' | 'damaged';

export class JournalFault extends Error {
  readonly code: JournalFaultCode;

  constructor(code: JournalFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JournalFault';
    this.code = code;
  }
}
