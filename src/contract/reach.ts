import type { Environment } from '../model/environment.ts';
import type { Looking } from './lookup.ts';

/** How a fact is known: the provider answered · its form or its claims say so · the worst case, since nobody could ask. */
export type Certainty = 'proven' | 'inferred' | 'assumed';

/** One of a provider's environments that a credential reaches. */
export interface ReachedEnvironment {
  readonly id: string;
  /** As the provider calls it. */
  readonly name: string;
  readonly project: { readonly id: string; readonly name: string };
  /** Not known ⇒ production. */
  readonly production: boolean;
  /** `proven`: bound in the signed configuration; `assumed`: by its name. */
  readonly productionIs: Certainty;
  readonly services: number;
  readonly volumes: number;
  /** Undefined where the provider did not say. */
  readonly backups: number | undefined;
}

/** What a credential can do, as the provider answered read-only questions. Holds no secret. */
export interface Reach {
  readonly provider: string;
  /** `account`, `workspace`, `project`: proven, since only such a one is answered so. */
  readonly kind: string;
  /** Vault kind under which it is taken: `bearer`, `project-access-token`. */
  readonly presented: string;
  /** What a vault entry says of it: whether it sees every environment of its account, or only its own. */
  readonly sees: 'all' | 'environment';
  /** Whose it is, in the provider's words. */
  readonly owner: string;
  readonly environments: readonly ReachedEnvironment[];
  /** False where the provider said that there are more environments than it showed. */
  readonly whole: boolean;
  /** How many mutations it may call, of how many there are, and how many of them cannot be undone from inside. */
  readonly power: {
    readonly mutations: number;
    readonly of: number;
    readonly irreversible: number;
    readonly certainty: Certainty;
    readonly why: string;
  };
  /** Backups that it can delete; `count` is undefined where the provider did not say, `more` where there may be others. */
  readonly backups: {
    readonly count: number | undefined;
    readonly more: boolean;
    readonly schedules: number;
    readonly certainty: Certainty;
  };
  /** What it was made for, by the name it has at the provider; undefined where that says nothing. */
  readonly madeFor: MadeFor | undefined;
  /** What it can do in its provider's own words, where that does not count calls: a database role. */
  readonly inWords?: {
    /** The whole, in one sentence. */
    readonly sentence: string;
    /** What is lost by it. */
    readonly destroys: string;
    /** Whether it can destroy anything at all. */
    readonly isWide: boolean;
    /** Why agents are refused with it, each with what mends it; empty where they are not. */
    readonly unfit: readonly string[];
  };
  /** Further sentences: what else is known, and how. */
  readonly also: readonly { readonly says: string; readonly certainty: Certainty }[];
}

/** A purpose, and how much it would need. */
export interface MadeFor {
  /** The token's name at the provider, or where else its purpose was read. */
  readonly name: string;
  /** `railway:domains` */
  readonly preset: string;
  /** Mutations that the preset has. */
  readonly needs: number;
  readonly certainty: Certainty;
}

/** What is known of a credential before the provider is asked. */
export interface Introspecting {
  /** Vault kind under which the look-ups present it. */
  readonly presented: string;
  /** Upstream that it is, or will be, the credential of; absent for one that was only found. */
  readonly entry?: string;
  readonly environments: readonly Environment[];
  /** Whether what the provider shows of a token (`1a2b…`) is shown of this one. */
  matches(displayed: string): boolean;
}

/** How a provider is asked what a credential can do: by look-ups alone, each proved to be a read by the provider's own `read`. */
export interface Introspection {
  /** Vault kinds under which a credential may be presented, the likeliest first, by the name of what it stood in. */
  kinds(standsIn?: string): readonly string[];
  /** Undefined where the provider does not take it, presented so. Throws `Refused` where the answers settle nothing. */
  ask(about: Introspecting): Looking<Reach | undefined>;
  /** A purpose that a text tells of: a file's name, a comment. */
  purposeIn(text: string): MadeFor | undefined;
  /** Where a person replaces a credential of this kind by another. */
  rotateAt(kind: string): string;
}

/** What became of a question about a credential. */
export type Asking =
  | { readonly kind: 'answered'; readonly reach: Reach }
  /** The provider takes it in no way: revoked, or no credential of its. */
  | { readonly kind: 'not-taken'; readonly why: string }
  /** Nobody answered: nothing is known. */
  | { readonly kind: 'not-asked'; readonly why: string };

/** What a credential can do, in one sentence. */
export function reachSentence(reach: Reach): string {
  if (reach.inWords !== undefined) return reach.inWords.sentence;
  const { power, environments, backups, madeFor, whole } = reach;
  const production = environments.filter((one) => one.production);
  const byName = environments.some((one) => one.productionIs !== 'proven') ? ' by name' : '';
  const parts = [
    `can call ${bounded(power.certainty)}${power.mutations} mutations in ${whole ? '' : 'at least '}${counted(environments.length, 'environment')}`,
    production.length === 0 ? `none of them production${byName}` : `${production.length} of them production${byName}`,
    backupsIn(backups),
  ];
  const purpose =
    madeFor === undefined ? '' : `; made for ${visibleName(madeFor.name)}: needs ${String(madeFor.needs)}`;
  return `${article(reach.kind)} token: ${parts.join(', ')}${purpose}`;
}

function backupsIn({ count, more }: Reach['backups']): string {
  if (count === undefined) return 'whether backups are in reach is not known';
  if (count === 0) return more ? 'maybe backups in reach' : 'no backups in reach';
  return `${more ? 'at least ' : ''}${counted(count, 'backup')} in reach`;
}

/** Whether it can do more than what it was made for; undefined where its purpose is not known. */
export function isOverPrivileged(reach: Reach): boolean | undefined {
  return reach.madeFor === undefined ? undefined : reach.power.mutations > reach.madeFor.needs;
}

/** Whether production and something else are both in reach of it. */
export function crossesEnvironments(reach: Reach): boolean {
  return reach.environments.some((one) => one.production) && reach.environments.some((one) => !one.production);
}

function bounded(certainty: Certainty): string {
  return certainty === 'assumed' ? 'up to ' : '';
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A name that somebody else gave, short and on one line. */
function visibleName(name: string): string {
  return name.replaceAll(/\p{C}/gu, ' ').slice(0, 60);
}
