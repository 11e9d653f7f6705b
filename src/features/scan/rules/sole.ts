import type { CredentialKind } from '../finding.ts';
import type { Candidate, Rule } from './candidate.ts';
import { masked } from './mask.ts';
import { isRandom } from './placeholder.ts';

/** Files of programs that hold a token and nothing else. */
const files: readonly (readonly [RegExp, CredentialKind, string])[] = [
  [/\.supabase\/access-token$/, 'supabase', 'a Supabase log-in'],
  [/\.vault-token$/, 'hashicorp-vault', 'a HashiCorp Vault log-in'],
  [/planetscale\/access-token$/, 'planetscale', 'a PlanetScale log-in'],
];

export const soleRule: Rule = {
  name: 'files that are a token',
  literals: [],
  always: ({ kind }) => kind === 'config',
  *find({ document }): Generator<Candidate> {
    const file = files.find(([path]) => path.test(document.within));
    const value = document.text.trim();
    if (file === undefined || value.length < 16 || value.length > 4_000 || !isRandom(value, 2.5)) return;
    const start = document.text.indexOf(value);
    const [, kind, what] = file;
    yield {
      kind,
      start,
      end: start + value.length,
      value,
      masked: masked(value),
      why: `it is the file of ${what}`,
      certainty: 'inferred',
      strength: 2,
    };
  },
};
