import type { Route } from '../contract/upstream.ts';

/** A credential that a provider is asked about, and where that provider is. */
export interface AskedCredential {
  readonly provider: string;
  readonly secret: string;
  /** Only presented as this vault kind; left out, as each that the provider has. */
  readonly presented?: string;
  /** The name of what it stood in: `RAILWAY_TOKEN`. */
  readonly standsIn?: string;
  /** Upstream that it is, or will be, the credential of. */
  readonly entry?: string;
  /** Another endpoint than the published one, as a human signed it or said it outright. */
  readonly route?: Omit<Route, 'name'>;
}
