/**
 * One of our environments, bound to provider ids and never to names a caller could change.
 * Not said to be non-production ⇒ production.
 */
export interface Environment {
  /** Our slug: `staging`. */
  readonly name: string;
  readonly production: boolean;
  /** A human's signed word that this environment's data may be lost. */
  readonly disposable: boolean;
  /** Provider name → the provider's ids for this environment. */
  readonly bindings: { readonly [provider: string]: readonly string[] };
}

/** The environment that a provider's id is bound to; undefined when it is bound to none, or to several. */
export function boundTo(environments: Iterable<Environment>, provider: string, id: string): Environment | undefined {
  const found = [...environments].filter((environment) => environment.bindings[provider]?.includes(id));
  return found.length === 1 ? found[0] : undefined;
}
