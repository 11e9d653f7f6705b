import type { Trait } from '../../../model/action.ts';
import type { Reversibility } from '../../../model/reversibility.ts';

/**
 * What an operation acts on, and so how its environments are found.
 * - `nothing`: nothing of anybody's environment
 * - `account`: above all environments, so it counts as every one of them
 * - `place`: something new in a project, in the environment it names or else in all of them
 * - `none`: no resolver yet: denied outside `explain`
 */
export type Target =
  | 'nothing'
  | 'account'
  | 'project'
  | 'environment'
  | 'place'
  | 'service'
  | 'service-in'
  | 'service-instance'
  | 'variables'
  | 'volume'
  | 'volume-instance'
  | 'backup'
  | 'deployment'
  | 'custom-domain'
  | 'service-domain'
  | 'tcp-proxy'
  | 'trigger'
  | 'endpoint'
  | 'dns-record'
  | 'bucket'
  | 'plugin'
  | 'project-thing'
  | 'sandbox'
  | 'cloud-agent'
  | 'dashboard'
  | 'none';

/** Class before the arguments are looked at, what it acts on, why (one sentence, ours), traits. */
export type Row = readonly [reversibility: Reversibility, target: Target, why: string, ...traits: readonly Trait[]];

export type Rows = { readonly [operation: string]: Row };
