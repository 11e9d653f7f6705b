import type { Candidate, Rule } from './candidate.ts';
import { masked } from './mask.ts';
import { entropyOf, isPlaceholder } from './placeholder.ts';

/** The id of an access key is half of a credential: where its secret is not beside it, it still says that there is one. */
export const awsIdRule: Rule = {
  name: 'ids of AWS access keys',
  literals: ['akia', 'asia'],
  *find({ document }): Generator<Candidate> {
    for (const match of document.text.matchAll(/(?<![A-Za-z0-9+/])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9+/])/g)) {
      const [value] = match;
      if (isPlaceholder(value.slice(4)) || entropyOf(value) < 3) continue;
      const long = value.startsWith('AKIA') ? 'long-lived' : 'temporary';
      yield {
        kind: 'aws',
        start: match.index,
        end: match.index + value.length,
        value,
        masked: masked(value, value.slice(0, 4)),
        why: `it has the form of the id of a ${long} AWS access key`,
        certainty: 'inferred',
        strength: 3,
      };
    }
  },
};
