/** What a human must bring for a held action: a signature, the varying fact typed, a second person's signature. */
export interface Friction {
  readonly signatures: 1 | 2;
  readonly typedFact: boolean;
}

/** What policy says of an ActionRequest, with the rules that fired and sentences for people. */
export type Decision =
  | { readonly kind: 'allow'; readonly rules: readonly string[]; readonly reasons: readonly string[] }
  | {
      readonly kind: 'hold';
      readonly rules: readonly string[];
      readonly reasons: readonly string[];
      readonly friction: Friction;
    }
  | { readonly kind: 'deny'; readonly rules: readonly string[]; readonly reasons: readonly string[] };
