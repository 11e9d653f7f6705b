import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PrincipalKind } from '../../model/principal.ts';

const prefixes: { readonly [kind in PrincipalKind]: string } = { agent: 'hpa', human: 'hph', ci: 'hpc' };
const kinds: { readonly [prefix: string]: PrincipalKind } = { hpa: 'agent', hph: 'human', hpc: 'ci' };
const shape = /^(hp[ahc])_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;

/** A token as it was presented: not yet known to be any good. */
export interface PresentedToken {
  readonly kind: PrincipalKind;
  /** `tk_…`, as it is kept. */
  readonly id: string;
  /** 43 characters of base64url; never kept, journaled or shown. */
  readonly secret: string;
}

/** `hpa_<26 characters>_<43 characters>`, and `hph_` and `hpc_` for humans and CI. Undefined for anything else. */
export function parsePresented(text: string): PresentedToken | undefined {
  const [, prefix, id, secret] = shape.exec(text) ?? [];
  const kind = kinds[prefix ?? ''];
  return kind === undefined || id === undefined || secret === undefined ? undefined : { kind, id: `tk_${id}`, secret };
}

/** The form that is shown once. */
export function presentedForm(kind: PrincipalKind, id: string, secret: string): string {
  return `${prefixes[kind]}_${id.slice('tk_'.length)}_${secret}`;
}

/** 256 random bits as 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 of the secret as it is written, hex: all that is kept of it. Enough, since the secret is 256 random bits. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Whether the secret has this hash, in a time that says nothing about where they differ. */
export function secretMatches(secret: string, keptHash: string): boolean {
  const kept = Buffer.from(keptHash, 'hex');
  const presented = hash('sha256', secret, 'buffer');
  return kept.length === presented.length && timingSafeEqual(kept, presented);
}
