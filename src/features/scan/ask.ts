import { type Fact, type Found, type Finding, type Secret, withFacts } from './finding.ts';
import type { Provider } from '../../contract/provider.ts';
import { type Asking, isOverPrivileged, type MadeFor, type Reach, reachSentence } from '../../contract/reach.ts';

export interface AskParts {
  readonly providers: readonly Provider[];
  /** Asks that provider at its own host about this secret. `standsIn`: the name of what it stood in. */
  readonly ask: (provider: Provider, secret: Secret, standsIn: string | undefined) => Promise<Asking>;
  /** Called before each credential is asked about: which this is, from 1, and of how many. */
  readonly progress?: (at: number, of: number) => void;
}

/** A finding, and what its provider answered about it. */
export interface AskedFinding extends Found {
  readonly asking: Asking;
}

/**
 * Asks the providers about what was found, each credential once however often it was found, and puts the answers into
 * the findings' facts. Findings of no provider that can be asked come back as they are. In the order of `found`.
 */
export async function askAll(found: readonly Found[], parts: AskParts): Promise<readonly (Found | AskedFinding)[]> {
  const byValue = Map.groupBy(found, (one) => `${one.finding.kind} ${one.finding.fingerprint}`);
  const askable = [...byValue].flatMap(([value, places]) => {
    const provider = parts.providers.find((one) => one.name === places[0]?.finding.kind);
    return provider?.introspection === undefined ? [] : [{ value, places, provider }];
  });
  const answers = new Map<string, Asking>();
  // One after the other: a provider that counts requests should not take us for an attack.
  for (const [index, { value, places, provider }] of askable.entries()) {
    parts.progress?.(index + 1, askable.length);
    answers.set(value, await askOne(provider, places, parts));
  }
  return found.map((one) => {
    const asking = answers.get(`${one.finding.kind} ${one.finding.fingerprint}`);
    if (asking === undefined) return one;
    const provider = parts.providers.find((each) => each.name === one.finding.kind);
    return Object.freeze({ ...one, finding: answered(one.finding, asking, provider), asking });
  });
}

/** Once the provider answered, what nobody knew is no longer to be assumed. */
function answered(finding: Finding, asking: Asking, provider: Provider | undefined): Finding {
  const facts = factsOf(asking, finding, provider);
  if (asking.kind === 'not-asked') return withFacts(finding, facts);
  const kept = finding.facts.filter((fact) => fact.certainty !== 'assumed');
  return withFacts({ ...finding, facts: kept }, facts);
}

async function askOne(provider: Provider, places: readonly Found[], parts: AskParts): Promise<Asking> {
  const [first] = places;
  if (first === undefined) return { kind: 'not-asked', why: 'nothing was found' };
  const standsIn = places.map((one) => one.finding.place.key?.split('.').at(-1) ?? '').find((key) => key !== '');
  return parts.ask(provider, first.secret, standsIn);
}

/** What an answer says of a finding; `not asked` is a fact too, so that nobody takes silence for good news. */
export function factsOf(asking: Asking, finding: Finding, provider: Provider | undefined): readonly Fact[] {
  switch (asking.kind) {
    case 'not-asked':
      return [{ about: 'form', says: `not asked: ${asking.why}`, certainty: 'assumed' }];
    case 'not-taken':
      return [
        { about: 'form', says: asking.why, certainty: 'proven', sums: true },
        { about: 'power', says: 'it can do nothing any more', certainty: 'proven', holds: false },
        { about: 'backups', says: 'no backup is in its reach any more', certainty: 'proven', holds: false },
        { about: 'environments', says: 'it reaches no environment any more', certainty: 'proven', environments: [] },
      ];
    case 'answered':
      return reachFacts(withPurpose(asking.reach, finding, provider));
  }
}

/** The purpose that the place tells of, where the provider's own name for it told nothing. */
export function withPurpose(reach: Reach, finding: Finding, provider: Provider | undefined): Reach {
  if (reach.madeFor !== undefined || provider?.introspection === undefined) return reach;
  const { key, path } = finding.place;
  const name = path.split('/').at(-1) ?? '';
  const { introspection } = provider;
  const madeFor: MadeFor | undefined =
    (key === undefined ? undefined : introspection.purposeIn(key)) ?? introspection.purposeIn(name);
  return madeFor === undefined ? reach : { ...reach, madeFor };
}

function reachFacts(reach: Reach): readonly Fact[] {
  if (reach.inWords !== undefined) return wordedFacts(reach, reach.inWords);
  const { power, backups, madeFor, environments, kind, owner } = reach;
  // Without a known purpose the worst is taken: nothing that one needs is as wide as the narrowest kind of token.
  const over = isOverPrivileged(reach) ?? true;
  const assumedEnvironments = environments.some((one) => one.productionIs === 'assumed');
  return [
    { about: 'form', says: `a ${reach.provider} ${kind} token`, certainty: 'proven' },
    ...(owner === '' ? [] : [{ about: 'account', says: `of ${owner}`, certainty: 'proven' } as const]),
    { about: 'form', says: reachSentence(reach), certainty: power.certainty, sums: true },
    { about: 'destroys', says: `can call ${power.mutations} of ${power.of} mutations`, certainty: power.certainty },
    {
      about: 'environments',
      says: `${environments.map((one) => `${one.project.name}/${one.name}`).join(', ')}${reach.whole ? '' : ' and more'}${assumedEnvironments ? '; which of them is production is taken from their names' : ''}`,
      certainty: 'proven',
      environments: environments.map(({ id, name, production }) => ({ id, name, production })),
    },
    ...(madeFor === undefined
      ? []
      : [
          {
            about: 'purpose',
            says: `made for ${madeFor.name} (${madeFor.preset}): needs ${madeFor.needs} mutations`,
            certainty: madeFor.certainty,
          } as const,
        ]),
    {
      about: 'power',
      says:
        madeFor === undefined
          ? `can call ${power.mutations} of ${power.of} mutations; ${power.why}`
          : `can call ${power.mutations} mutations and needs ${madeFor.needs}; ${power.why}`,
      certainty: madeFor === undefined ? 'assumed' : power.certainty,
      holds: over,
    },
    {
      about: 'backups',
      says:
        backups.count === undefined
          ? 'the provider did not say which backups there are: taken to be in reach'
          : `${backups.more ? 'at least ' : ''}${backups.count} backups lie beside what it can delete`,
      certainty: backups.certainty,
      holds: backups.count === undefined || backups.count > 0 || backups.more,
    },
    ...reach.also.map((one) => ({ about: 'power', says: one.says, certainty: one.certainty }) as const),
  ];
}

/** Of a credential whose provider says in words what it can do. */
function wordedFacts(reach: Reach, { sentence, destroys, isWide }: NonNullable<Reach['inWords']>): readonly Fact[] {
  const { backups, environments, kind } = reach;
  return [
    { about: 'form', says: `a ${reach.provider} ${kind}`, certainty: 'proven' },
    { about: 'form', says: sentence, certainty: 'proven', sums: true },
    { about: 'destroys', says: isWide ? destroys : 'nothing', certainty: 'proven' },
    {
      about: 'environments',
      says: `${environments.map((one) => one.name).join(', ')}; whether that is production is not known`,
      certainty: 'proven',
      environments: environments.map(({ id, name, production }) => ({ id, name, production })),
    },
    { about: 'power', says: isWide ? `can ${destroys}` : 'it can destroy nothing', certainty: 'proven', holds: isWide },
    {
      about: 'backups',
      says:
        backups.count === undefined
          ? 'it could end what backups are made from'
          : 'no backup is in its reach from there',
      certainty: backups.certainty,
      holds: backups.count !== 0,
    },
    ...reach.also.map((one) => ({ about: 'power', says: one.says, certainty: one.certainty }) as const),
  ];
}
