import { shown } from '../shown.ts';
import type { Undoable } from '../undo/image.ts';
import type { Trait } from '../../../model/action.ts';
import type { Fact } from '../../../model/hold.ts';
import type { Resource } from '../../../model/action.ts';
import type { Reversibility } from '../../../model/reversibility.ts';

/** One instance of a service in one environment, or a place where something is done. */
export interface Place {
  readonly projectId: string;
  readonly environmentId: string;
  /** Our environment's name. */
  readonly environment: string;
  readonly serviceId?: string;
}

/** What an operation's target turned out to be. */
export interface Found {
  readonly resources: readonly Resource[];
  readonly facts: readonly Fact[];
  /** Ids of what goes with it. */
  readonly dependents: readonly string[];
  /** The main target's name, which a signer types. */
  readonly name: string;
  readonly places: readonly Place[];
  /** What was found out that makes it worse. */
  readonly worse?: { readonly reversibility: Reversibility; readonly why: string; readonly traits?: readonly Trait[] };
  /** How it could be undone, where the resolver itself knows. */
  readonly undoable?: Undoable;
}

export function fact(label: string, value: string, tone: Fact['tone'] = 'plain'): Fact {
  return { label: shown(label, 80), value: shown(value, 400), tone, source: 'provider' };
}

export function found(more: Partial<Found> & Pick<Found, 'resources' | 'name'>): Found {
  return { facts: [], dependents: [], places: [], ...more, name: shown(more.name) };
}
