/** A way to the far side that goes past the gates. */
export interface Route {
  readonly kind: 'logged-in' | 'push' | 'ssh' | 'bucket' | 'database';
  /** Path of the file that says so. */
  readonly where: string;
  /** What can be done by it, in a sentence without a full stop; never a secret. */
  readonly what: string;
  /** `assumed`: the file makes it likely, and only the provider knows. */
  readonly certainty: 'found' | 'assumed';
  /** What closes it. */
  readonly closes: string;
}

/** Where is looked: homes of the person and of the agent, and folders of projects. */
export interface Places {
  readonly homes: readonly string[];
  readonly projects: readonly string[];
}

export type Look = (places: Places) => readonly Route[];
