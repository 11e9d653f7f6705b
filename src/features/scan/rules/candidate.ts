import type { Certainty, CredentialKind, Fact } from '../finding.ts';
import type { Document, Lines, Named, Names } from '../read/document.ts';

/** A value that a rule took for a credential, before duplicates are merged. Holds the raw value: never shown. */
export interface Candidate {
  readonly kind: CredentialKind;
  /** Offsets of the value in the text. */
  readonly start: number;
  readonly end: number;
  readonly value: string;
  readonly key?: string;
  /** What may be shown of it. */
  readonly masked: string;
  readonly why: string;
  readonly certainty: Certainty;
  readonly facts?: readonly Fact[];
  /** Of two that overlap the larger is kept: 3 its own form · 2 its name · 1 only that it looks like one. */
  readonly strength: 1 | 2 | 3;
}

/** What a rule is given. */
export interface Text {
  readonly document: Document;
  readonly lines: Lines;
  readonly named: readonly Named[];
  readonly names: Names;
  /** Literals that occur in the file, in lower case. */
  readonly literals: ReadonlySet<string>;
}

/** One way to see credentials. */
export interface Rule {
  readonly name: string;
  /** It is asked only where one of these occurs (lower case, ≥ 3 characters). */
  readonly literals: readonly string[];
  /** Also asked for every file of one of these formats. */
  readonly always?: (document: Pick<Document, 'format' | 'kind' | 'within'>) => boolean;
  find(text: Text): Iterable<Candidate>;
}
