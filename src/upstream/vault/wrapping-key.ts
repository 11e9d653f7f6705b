import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';

/** How a key comes out of what its source knows. Kept with the ciphertext, so never secret. */
export type Derivation = JsonObject & { readonly kind: 'file' | 'passphrase' | 'command' };

/** A key that may open the vault. */
export interface Candidate {
  readonly key: KeyObject;
  /** Called when it was this one: a rotation that was cut short is finished. */
  adopt(): Promise<void>;
}

/** A key that the vault will be sealed under. Durable where it comes from before anybody is handed it. */
export interface NextKey {
  readonly key: KeyObject;
  readonly derivation: Derivation;
  /** Called once the vault is durably sealed under it: it takes the old one's place. */
  settle(): Promise<void>;
}

/** Where the key comes from that wraps the vault's data key: never the store that holds the ciphertext. */
export interface KeySource {
  /** For people: `key file /var/lib/…`. Never the key. */
  readonly where: string;
  /** Every key that may be the one, the likeliest first. Throws `VaultFault`. */
  candidates(derivation: Derivation): Promise<readonly Candidate[]>;
  /** For a vault that is not there yet: the key that is there, or a new one. */
  first(): Promise<NextKey>;
  /** For a rotation: a new key beside the one in use, which stays until `settle`. */
  next(inUse: KeyObject): Promise<NextKey>;
}
