/** Where the key of the vault may come from. */
export { keyCommand } from './key-command.ts';
export { keyFile, type KeyFileOptions } from './key-file.ts';
export { keyPassphrase } from './key-passphrase.ts';
export type { KeySource } from './wrapping-key.ts';
