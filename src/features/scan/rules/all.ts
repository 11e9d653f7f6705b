import { namedIn } from '../formats/named.ts';
import { Literals } from '../read/literals.ts';
import { Lines, Names, type Document } from '../read/document.ts';
import { awsIdRule } from './aws-id.ts';
import type { Candidate, Rule, Text } from './candidate.ts';
import { merged } from './merge.ts';
import { nameRule } from './names.ts';
import { privateKeyRule } from './private-key.ts';
import { railwayRule } from './railway.ts';
import { shapeRule } from './shapes.ts';
import { soleRule } from './sole.ts';
import { claimsRule } from './tokens-of-claims.ts';
import { urlRule } from './urls.ts';
import { findWellKnown, wellKnownLiterals } from './well-known.ts';

const ownRules: readonly Rule[] = [
  railwayRule,
  urlRule,
  shapeRule,
  claimsRule,
  awsIdRule,
  privateKeyRule,
  soleRule,
  nameRule,
];

/** Every literal that some rule waits for. */
export function literalsOfRules(): Literals {
  return new Literals([...ownRules.flatMap((rule) => rule.literals), ...wellKnownLiterals]);
}

/** Whether some rule would look at a text with these literals; asked before it is decoded. */
export function isWorthReading(
  document: Pick<Document, 'format' | 'kind' | 'within'>,
  literals: ReadonlySet<string>,
): boolean {
  return literals.size > 0 || ownRules.some((rule) => rule.always?.(document) === true);
}

/** What the rules see in a text: names from its parser first, then forms, then the library's rules; one for each place. */
export async function findIn(document: Document, literals: ReadonlySet<string>): Promise<readonly Candidate[]> {
  const named = namedIn(document);
  const text: Text = { document, lines: new Lines(document), named, names: new Names(named), literals };
  const found: Candidate[] = [];
  for (const rule of ownRules) {
    const asked = rule.literals.some((literal) => literals.has(literal)) || rule.always?.(document) === true;
    if (asked) found.push(...rule.find(text));
  }
  if (wellKnownLiterals.some((literal) => literals.has(literal))) found.push(...(await findWellKnown(text)));
  return hushed(merged(found).map((one) => withName(one, text)));
}

/** Of more than these only a finding's own value is looked for: a file made of credentials has no names to leak them. */
const mostOthers = 100;

/** A name can hold a value too, its own or another's: wherever one stands in what is shown, its mask stands instead. */
function hushed(found: readonly Candidate[]): readonly Candidate[] {
  return found.map((one) => {
    const others = found.length > mostOthers ? [one] : found;
    const hush = (shown: string): string =>
      others.reduce(
        (text, { value, masked }) => (text.includes(value) ? text.replaceAll(value, () => masked) : text),
        shown,
      );
    return {
      ...one,
      why: hush(one.why),
      ...(one.key === undefined ? {} : { key: hush(one.key) }),
      ...(one.facts === undefined ? {} : { facts: one.facts.map((fact) => ({ ...fact, says: hush(fact.says) })) }),
    };
  });
}

function withName(one: Candidate, { names }: Text): Candidate {
  if (one.key !== undefined) return one;
  const name = names.around(one.start, one.end);
  return name === undefined ? one : { ...one, key: name.path };
}
