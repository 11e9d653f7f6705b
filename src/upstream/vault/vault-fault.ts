/** Why the vault did not do it. Never holds a secret, a key, or what a key command printed. */
export type VaultFaultCode =
  /** None of the keys at hand opens it. */
  | 'locked'
  /** The key can be read or replaced by others. */
  | 'exposed'
  /** There is a vault, and its key is gone. */
  | 'no-key'
  /** The key source did not give a key. */
  | 'bad-key'
  /** What is stored does not open: changed, moved to another place, or cut. */
  | 'damaged'
  /** Another process changed the key meanwhile. */
  | 'changed'
  | 'not-found'
  | 'bad-entry';

export class VaultFault extends Error {
  readonly code: VaultFaultCode;

  constructor(code: VaultFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VaultFault';
    this.code = code;
  }
}
