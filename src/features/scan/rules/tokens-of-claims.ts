import type { Candidate, Rule, Text } from './candidate.ts';
import type { CredentialKind, Fact } from '../finding.ts';
import { masked } from './mask.ts';

const jwt = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,1000}/g;

interface Claims {
  readonly iss?: unknown;
  readonly role?: unknown;
  readonly ref?: unknown;
  readonly exp?: unknown;
}

/** JSON Web Tokens that say themselves what they open (RFC 7519): Supabase's keys above all. */
export const claimsRule: Rule = {
  name: 'JSON Web Tokens',
  literals: ['eyj'],
  *find({ document, names }: Text): Generator<Candidate> {
    for (const match of document.text.matchAll(jwt)) {
      const [value] = match;
      const claims = claimsIn(value);
      if (claims === undefined) continue;
      const start = match.index;
      const name = names.around(start, start + value.length);
      const read = reading(claims, name?.key ?? '');
      if (read === undefined) continue;
      const facts = [...read.facts, ...expiry(claims)];
      yield {
        ...read,
        facts,
        start,
        end: start + value.length,
        value,
        masked: masked(value, 'eyJ'),
        certainty: 'inferred',
        strength: 3,
      };
    }
  },
};

function claimsIn(token: string): Claims | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof read === 'object' && read !== null ? (read as Claims) : undefined;
  } catch {
    return undefined;
  }
}

function reading(
  claims: Claims,
  key: string,
): { kind: CredentialKind; why: string; facts: readonly Fact[] } | undefined {
  const supabase = typeof claims.iss === 'string' && claims.iss.startsWith('supabase');
  if (supabase && claims.iss === 'supabase-demo') return undefined;
  if (supabase && claims.role === 'service_role') {
    const says = 'it reads, changes and deletes every row of the project, past row level security';
    const why = 'its claims say that it is the service role of a Supabase project';
    return {
      kind: 'supabase',
      why,
      facts: [
        { about: 'destroys', says, certainty: 'inferred' },
        { about: 'power', says: 'it is not bound to any table or verb', certainty: 'inferred', holds: true },
      ],
    };
  }
  // The public key of a Supabase project is meant to be seen.
  if (supabase) return undefined;
  // Elsewhere a token of claims is found only where its name says that it opens something.
  if (!/token|secret|key|auth|jwt|password|bearer/i.test(key)) return undefined;
  if (typeof claims.exp === 'number' && claims.exp * 1_000 < Date.now()) return undefined;
  const kind: CredentialKind = claims.iss === 'kubernetes/serviceaccount' ? 'kubernetes' : 'generic';
  return { kind, why: 'it is a signed token of claims under a name that says that it opens something', facts: [] };
}

function expiry(claims: Claims): readonly Fact[] {
  if (typeof claims.exp !== 'number') return [];
  const day = new Date(claims.exp * 1_000);
  if (Number.isNaN(day.getTime())) return [];
  return [
    {
      about: 'expiry',
      says: `its claims say that it expires on ${day.toISOString().slice(0, 10)}`,
      certainty: 'inferred',
    },
  ];
}
