import type { Certainty, Fact, Finding } from './finding.ts';
import type { Route } from './routes.ts';

/** `unknown`: only asking the provider can tell. */
export type PreconditionState = 'pass' | 'fail' | 'unknown';

export type PreconditionName =
  | 'token-in-reach'
  | 'over-privileged'
  | 'backups-in-reach'
  | 'shared-credential'
  | 'uncovered-routes';

/** One of the five things that had to be so for the incident to happen. */
export interface Precondition {
  readonly name: PreconditionName;
  readonly title: string;
  readonly state: PreconditionState;
  readonly certainty: Certainty;
  /** One sentence: what makes it so. */
  readonly says: string;
  /** What to do next; left out where nothing is to be done. */
  readonly next?: string;
  /** Ids of the findings that it rests on. */
  readonly findings: readonly string[];
}

export interface PreconditionFacts {
  readonly findings: readonly Finding[];
  readonly routes: readonly Route[];
  /** Whether a backup is known that no credential found here reaches; left out, none is known. */
  readonly independentBackup?: boolean;
  /** Whether the providers were asked already. */
  readonly asked?: boolean;
}

/** What can tell, where only asking could. */
function howToKnow({ asked }: PreconditionFacts): string {
  return asked === true
    ? 'look at the provider’s own page of the credential: nobody there who could be asked from here said so'
    : 'run `holdpoint scan --ask`: it asks the providers with calls that only read';
}

/** The preconditions of the incident, in the order in which they were met (research: a credential found, able to do all, …). */
export function preconditionsOf(facts: PreconditionFacts): readonly Precondition[] {
  return [inReach(facts), overPrivileged(facts), backups(facts), shared(facts), uncovered(facts)];
}

function count(many: number, one: string, more = `${one}s`): string {
  return many === 1 ? `1 ${one}` : `${many} ${more}`;
}

function distinct(findings: readonly Finding[]): number {
  return new Set(findings.map(({ fingerprint }) => fingerprint)).size;
}

function inReach({ findings }: PreconditionFacts): Precondition {
  const name = 'token-in-reach';
  const title = 'a credential is in reach';
  if (findings.length === 0)
    return {
      name,
      title,
      state: 'pass',
      certainty: 'inferred',
      says: 'none was found in the places that were read',
      findings: [],
    };
  const certainty = findings.some((one) => one.certainty === 'proven')
    ? 'proven'
    : findings.some((one) => one.certainty === 'inferred')
      ? 'inferred'
      : 'assumed';
  const says = `${count(distinct(findings), 'credential')} in ${count(findings.length, 'place')}`;
  const next =
    'move with `holdpoint scan --move` those of providers that it knows, take out the others by hand, then rotate all: they have been readable';
  return { name, title, state: 'fail', certainty, says, next, findings: findings.map(({ id }) => id) };
}

/** Facts about the same thing, of findings that say it is so, that it is not, and that do not know. */
function sorted(findings: readonly Finding[], about: Fact['about']) {
  const so: (readonly [Finding, Fact])[] = [];
  const not: Finding[] = [];
  const open: Finding[] = [];
  for (const finding of findings) {
    const facts = finding.facts.filter((fact) => fact.about === about && fact.holds !== undefined);
    const holds = facts.find((fact) => fact.holds === true);
    if (holds !== undefined) so.push([finding, holds]);
    else if (facts.length > 0) not.push(finding);
    else open.push(finding);
  }
  return { so, not, open };
}

function strongest(facts: readonly Fact[]): Certainty {
  return facts.some((one) => one.certainty === 'proven')
    ? 'proven'
    : facts.some((one) => one.certainty === 'inferred')
      ? 'inferred'
      : 'assumed';
}

function overPrivileged(facts: PreconditionFacts): Precondition {
  const { findings } = facts;
  const base = { name: 'over-privileged', title: 'it can do more than it was made for' } as const;
  const { so, open } = sorted(findings, 'power');
  const [first] = so;
  if (first !== undefined) {
    const says = so.length === 1 ? first[1].says : `${first[1].says}; so do ${so.length - 1} more`;
    return {
      ...base,
      state: 'fail',
      certainty: strongest(so.map(([, fact]) => fact)),
      says,
      next: 'give agents tokens of their own, for what they do: `holdpoint token create`',
      findings: so.map(([{ id }]) => id),
    };
  }
  if (open.length > 0)
    return {
      ...base,
      state: 'unknown',
      certainty: 'assumed',
      says: `what ${count(distinct(open), 'credential')} can do is not known`,
      next: howToKnow(facts),
      findings: open.map(({ id }) => id),
    };
  return {
    ...base,
    state: 'pass',
    certainty: findings.length === 0 ? 'inferred' : 'proven',
    says: findings.length === 0 ? 'no credential was found' : 'each can do only what it was made for',
    findings: [],
  };
}

function backups({ findings, independentBackup }: PreconditionFacts): Precondition {
  const base = { name: 'backups-in-reach', title: 'the backups die with the data' } as const;
  const { so } = sorted(findings, 'backups');
  const next = 'keep a copy in another account, which nothing here can delete';
  const [first] = so;
  if (first !== undefined && independentBackup !== true) {
    return {
      ...base,
      state: 'fail',
      certainty: strongest(so.map(([, fact]) => fact)),
      says: first[1].says,
      next,
      findings: so.map(([{ id }]) => id),
    };
  }
  if (independentBackup === true)
    return {
      ...base,
      state: 'pass',
      certainty: 'proven',
      says: 'a backup lies where no credential found here reaches',
      findings: [],
    };
  return {
    ...base,
    state: 'fail',
    certainty: 'assumed',
    says: 'holdpoint knows of no backup that lies out of reach',
    next,
    findings: [],
  };
}

const production = /(?:^|[^a-z])(?:prod|production|live)(?:[^a-z]|$)/i;
const staging =
  /(?:^|[^a-z])(?:stag|staging|stage|dev|development|test|testing|preview|sandbox|local|qa|uat)(?:[^a-z]|$)/i;

function shared(facts: PreconditionFacts): Precondition {
  const { findings } = facts;
  const base = { name: 'shared-credential', title: 'staging and production share a credential' } as const;
  const next = 'make one credential for each environment';
  for (const finding of findings) {
    const fact = finding.facts.find((one) => one.about === 'environments' && bothSides(one));
    if (fact !== undefined)
      return { ...base, state: 'fail', certainty: fact.certainty, says: fact.says, next, findings: [finding.id] };
  }
  const twice = inBothNames(findings);
  if (twice !== undefined)
    return { ...base, state: 'fail', certainty: 'inferred', says: twice.says, next, findings: twice.ids };
  const open = findings.filter(
    (finding) => !finding.facts.some((fact) => fact.about === 'environments' && fact.environments !== undefined),
  );
  if (open.length > 0)
    return {
      ...base,
      state: 'unknown',
      certainty: 'assumed',
      says: `which environments ${count(distinct(open), 'credential')} reaches is not known`.replace(
        /(\d+ credentials) reaches/,
        '$1 reach',
      ),
      next: howToKnow(facts),
      findings: open.map(({ id }) => id),
    };
  return {
    ...base,
    state: 'pass',
    certainty: findings.length === 0 ? 'inferred' : 'proven',
    says: findings.length === 0 ? 'no credential was found' : 'each reaches one side only',
    findings: [],
  };
}

function bothSides({ environments }: Fact): boolean {
  return (
    environments !== undefined &&
    environments.some((one) => one.production) &&
    environments.some((one) => !one.production)
  );
}

/** The same value under a name of production in one place and of staging in another. */
function inBothNames(
  findings: readonly Finding[],
): { readonly says: string; readonly ids: readonly string[] } | undefined {
  const named = (finding: Finding): string =>
    `${finding.place.path.split('/').slice(-2).join('/')} ${(finding.place.key ?? '').replaceAll('_', ' ')}`;
  const same = Map.groupBy(findings, ({ fingerprint }) => fingerprint);
  for (const one of findings) {
    const places = same.get(one.fingerprint) ?? [];
    if (places.length < 2 || !production.test(named(one))) continue;
    const other = places
      .slice(0, 1_000)
      .find(
        (each) =>
          each.fingerprint === one.fingerprint &&
          each.id !== one.id &&
          staging.test(named(each)) &&
          !production.test(named(each)),
      );
    if (other !== undefined)
      return {
        says: `the same ${one.kind} credential stands in ${placeOf(one)} and in ${placeOf(other)}`,
        ids: [one.id, other.id],
      };
  }
  return undefined;
}

function placeOf({ place }: Finding): string {
  const name = place.path.split('/').at(-1) ?? '';
  return `\`${name}:${place.line}\``;
}

function uncovered({ routes }: PreconditionFacts): Precondition {
  const base = { name: 'uncovered-routes', title: 'there are ways around the gates' } as const;
  if (routes.length === 0)
    return {
      ...base,
      state: 'pass',
      certainty: 'inferred',
      says: 'none was seen in the places that were read',
      findings: [],
    };
  const kinds = [...new Set(routes.map((route) => route.says))];
  const says = `${kinds.slice(0, 3).join('; ')}${kinds.length > 3 ? `; and ${kinds.length - 3} more` : ''}`;
  return {
    ...base,
    state: 'fail',
    certainty: 'inferred',
    says,
    next: 'log those programs out, close the routes, or run agents by `holdpoint exec` as an account of their own',
    findings: [],
  };
}
