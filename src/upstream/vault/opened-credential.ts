import { inspect } from 'node:util';
import type { Credential } from '../../contract/upstream.ts';

/** A credential in the open. Its secret is read by name only: no listing, no JSON, no inspection shows it. */
export class OpenedCredential implements Credential {
  readonly kind: string;
  readonly #secret: string;

  constructor(kind: string, secret: string) {
    this.kind = kind;
    this.#secret = secret;
    Object.freeze(this);
  }

  get secret(): string {
    return this.#secret;
  }

  toJSON(): { kind: string; secret: string } {
    return { kind: this.kind, secret: '[not shown]' };
  }

  toString(): string {
    return `${this.kind} [not shown]`;
  }

  [inspect.custom](): string {
    return `OpenedCredential { ${this.toString()} }`;
  }
}
