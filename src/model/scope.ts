/**
 * What an agent token admits. Every dimension has to hold; an absent one grants nothing; no globs
 * (docs/architecture.md, settled). Scope admits, policy still decides.
 */
export interface Scope {
  /** `http`, `postgres`. */
  readonly gates: readonly string[];
  /** `railway:customDomainCreate`, exactly. Presets are expanded when the token is made. */
  readonly operations: readonly string[] | 'all';
  /** Our environment names. */
  readonly environments: readonly string[];
  /** Provider resource ids, or `all` within the environments. */
  readonly resources: readonly string[] | 'all';
}

/** An agent's token as we keep it: never the secret, only its hash. */
export interface TokenRecord {
  /** `tk_…`; the presented form is `hpa_<id without prefix>_<43 base64url>`. */
  readonly id: string;
  readonly principal: { readonly kind: 'human' | 'ci' | 'agent'; readonly id: string; readonly name: string };
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly scope: Scope;
  /** What it was made for, in the maker's words. */
  readonly purpose: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt?: string;
}
