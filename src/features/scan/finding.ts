import { createHash, createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** How a fact is known: the provider answered · its form or its claims say so · the worst case, since nobody asked. */
export type Certainty = 'proven' | 'inferred' | 'assumed';

/** What a credential opens: the provider or protocol it belongs to. `generic` is one that no rule could name. */
export type CredentialKind =
  | 'railway'
  | 'postgres'
  | 'mysql'
  | 'mongodb'
  | 'redis'
  | 'url-password'
  | 'aws'
  | 'gcp'
  | 'azure'
  | 'github'
  | 'gitlab'
  | 'stripe'
  | 'cloudflare'
  | 'vercel'
  | 'supabase'
  | 'neon'
  | 'planetscale'
  | 'digitalocean'
  | 'fly'
  | 'render'
  | 'heroku'
  | 'netlify'
  | 'npm'
  | 'docker'
  | 'slack'
  | 'sentry'
  | 'kubernetes'
  | 'terraform'
  | 'pulumi'
  | 'hashicorp-vault'
  | 'private-key'
  | 'openai'
  | 'anthropic'
  | 'huggingface'
  | 'sendgrid'
  | 'linear'
  | 'notion'
  | 'shopify'
  | 'generic';

/** Where something was found. `config`: a program's own file in the home directory; `history`: what a shell remembers. */
export interface Place {
  readonly kind: 'file' | 'history' | 'environment' | 'config';
  /** Absolute path of the file; for `environment` the name of the process's variable list: `environment`. */
  readonly path: string;
  /** From 1. For a variable of the environment 1. */
  readonly line: number;
  /** Of the first character of the value, from 1, in UTF-16 units. */
  readonly column: number;
  /** The name under which the value stands, path-like where it is nested: `mcpServers.railway.env.RAILWAY_API_TOKEN`. */
  readonly key?: string;
}

/** An environment that a provider named. */
export interface ReachedEnvironment {
  readonly id: string;
  readonly name: string;
  readonly production: boolean;
}

/** One thing known about a credential, in a sentence that holds no secret. */
export interface Fact {
  /**
   * `form` what it is · `account` whose · `purpose` what it was made for · `environments` which it reaches · `power` whether it
   * can do more than it was made for (`holds`) · `backups` whether backups are in its reach (`holds`) · `expiry`.
   */
  readonly about: 'form' | 'account' | 'purpose' | 'environments' | 'power' | 'backups' | 'expiry' | 'destroys';
  readonly says: string;
  readonly certainty: Certainty;
  /** For `power` and `backups`: whether it is so. Left out, it is not known. */
  readonly holds?: boolean;
  /** It says in one sentence what the others say apart: where it is there, it is shown alone. */
  readonly sums?: true;
  /** For `environments`. */
  readonly environments?: readonly ReachedEnvironment[];
}

/** A credential in one place. Holds no secret: it can be printed, stored and sent. */
export interface Finding {
  /** `fd_` and 12 hex digits, over kind and place: the same in the next scan as long as the credential stays where it is. */
  readonly id: string;
  readonly kind: CredentialKind;
  readonly place: Place;
  /** What may be shown of it: at most a well-known prefix, never a character of the secret part. */
  readonly masked: string;
  /** HMAC-SHA256 of the value under the scan's key, hex: equal for equal values of one scan. */
  readonly fingerprint: string;
  /** How sure it is that this is a credential of that kind. */
  readonly certainty: Certainty;
  /** A sentence: what made us think so. */
  readonly why: string;
  readonly facts: readonly Fact[];
}

/** A value that is not to be seen: it prints, serialises and inspects as `[secret]`; only `reveal()` gives it out. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    Object.freeze(this);
  }

  /** The raw value. Whoever calls this answers for where it goes. */
  reveal(): string {
    return this.#value;
  }

  /** UTF-16 units, not the value. */
  get length(): number {
    return this.#value.length;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Bytes `start` to `end` (exclusive) of the file as it was read. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A finding and its value, in memory only: what `--ask` and `--move` work on. */
export interface Found {
  readonly finding: Finding;
  readonly secret: Secret;
  /** Where the value stands in the file; left out where the file has it escaped, encoded or folded, and in the environment. */
  readonly span?: Span;
  /** SHA-256 of the whole file as it was read, hex; left out for the environment. */
  readonly fileDigest?: string;
}

/** Takes fingerprints under one key: random unless one is given (≥ 16 bytes), so that two scans can be compared only on purpose. */
export class Fingerprints {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array = randomBytes(32)) {
    if (key.length < 16) throw new Error('a fingerprint key has at least 16 bytes');
    this.#key = key;
  }

  of(secret: Secret): string {
    return createHmac('sha256', this.#key).update('holdpoint/credential/v1\0').update(secret.reveal()).digest('hex');
  }
}

/** The id of a finding: holds nothing of the value, so it is the same under every fingerprint key. */
export function findingId(kind: CredentialKind, place: Place): string {
  const { path, line, column, key } = place;
  const text = JSON.stringify(['holdpoint/finding/v1', kind, place.kind, path, line, column, key ?? null]);
  return `fd_${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

/** A finding with more known about it; a fact replaces those about the same thing that are less certain. */
export function withFacts(finding: Finding, facts: readonly Fact[]): Finding {
  const rank: { readonly [certainty in Certainty]: number } = { proven: 2, inferred: 1, assumed: 0 };
  const kept = finding.facts.filter(
    (old) => !facts.some((fresh) => fresh.about === old.about && rank[fresh.certainty] > rank[old.certainty]),
  );
  return Object.freeze({ ...finding, facts: Object.freeze([...kept, ...facts]) });
}
