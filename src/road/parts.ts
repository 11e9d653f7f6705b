import type { Alarm } from '../contract/channel.ts';
import type { Clock } from '../contract/clock.ts';
import type { JournalWriter } from '../contract/journal.ts';
import type { Leases } from '../contract/lease.ts';
import type { Provider } from '../contract/provider.ts';
import type { Store } from '../contract/store.ts';
import type { Freeze } from './freeze/freeze.ts';
import type { Holds } from './holds/holds.ts';
import type { GoalLocks } from './holds/locks.ts';
import type { LightCache } from './light-cache.ts';
import type { Policy } from './policy/policy.ts';
import type { Questions } from './questions.ts';
import type { RefusalEntries } from './refusal-entries.ts';
import type { ResourceLocks } from './resource-locks.ts';
import type { Signers } from './signing/signers.ts';
import type { Images } from './undo/images.ts';
import type { Velocity } from './velocity/velocity.ts';
import type { Environment } from '../model/environment.ts';

/** One vault entry's place in the world: which provider, which environment, and how far its credential sees. */
export interface UpstreamEntry {
  readonly name: string;
  readonly provider: string;
  /** Our environment name. */
  readonly environment: string;
  /** Whether its credential sees every environment of the provider's account, or only its own. */
  readonly reach: 'all' | 'environment';
  /** An entry of its own for look-ups; never used for an effect. */
  readonly lookupsOnly: boolean;
  /** Name of the entry by which what is about to be lost is looked at; itself for look-ups only. */
  readonly undo?: string;
  /** Where it goes when that is not the provider's published address. */
  readonly address?: string;
}

/** What is bound and configured now; replaced whole when a human signs another. */
export interface Bindings {
  readonly environments: readonly Environment[];
  readonly upstreams: readonly UpstreamEntry[];
}

/** Everything `mediate` walks through. Composed by the daemon. */
export interface RoadParts {
  readonly store: Store;
  readonly journal: JournalWriter;
  readonly policy: () => Policy;
  readonly bindings: () => Bindings;
  readonly providers: readonly Provider[];
  readonly leases: Leases;
  readonly holds: Holds;
  readonly goalLocks: GoalLocks;
  readonly resourceLocks: ResourceLocks;
  readonly freeze: Freeze;
  readonly images: Images;
  readonly clock: Clock;
  readonly questions: Questions;
  readonly refusals: RefusalEntries;
  readonly velocity: Velocity;
  /** By environment: since a restore was last rehearsed with success. */
  readonly drilledHours: () => { readonly [environment: string]: number };
  readonly lightCache: LightCache;
  readonly signers: Signers;
  /** Diagnostics for the operator: the cause behind an `UNAVAILABLE`. Never evidence, never shown to an agent. */
  readonly diagnose: (where: string, cause: unknown) => void;
  /** Raises an alarm on every channel; never throws and never waits for one. */
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
}
