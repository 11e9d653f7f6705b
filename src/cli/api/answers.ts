import type { Entry } from '../../model/entry.ts';
import type { HoldState } from '../../model/hold.ts';
import type { Principal } from '../../model/principal.ts';
import type { Scope } from '../../model/scope.ts';

/** Shapes in which the daemon's API answers, as far as the command line reads them. */

export interface Status {
  readonly version: string;
  readonly tier: string;
  readonly addresses: { readonly api: string; readonly http: string };
  readonly frozen: boolean;
  readonly journal: { readonly entries: number; readonly healthy: boolean };
  readonly clock: { readonly suspicious: boolean };
  readonly holds: { readonly waiting: number; readonly scheduled: number };
  readonly delayMs: number;
  readonly windowMs: number;
  readonly signatureMs: number;
  readonly environments: readonly EnvironmentWord[];
  readonly upstreams: readonly {
    readonly name: string;
    readonly environment: string;
    readonly reach: string;
    readonly flag?: string;
  }[];
  /** What somebody should do. */
  readonly notices?: readonly string[];
  readonly notCovered: readonly string[];
}

export interface EnvironmentWord {
  readonly name: string;
  readonly production: boolean;
  readonly disposable: boolean;
}

/** A hold as an agent is told of it. */
export interface BriefHold {
  readonly id: string;
  readonly code: string;
  readonly state: HoldState;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly schedule?: { readonly notBefore: string; readonly notAfter: string };
  readonly ended: boolean;
}

export interface EnrolledSigner {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly addedAt: string;
  readonly addedBy: string;
}

export interface TokenWord {
  readonly id: string;
  readonly principal: Principal;
  readonly scope: Scope & { readonly presets?: readonly string[] };
  readonly purpose: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt?: string;
}

export interface VaultWord {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
  readonly kind: string;
  readonly reach: string;
  readonly note: string;
  readonly fingerprint: string;
  readonly addedAt: string;
}

export interface PolicyInForce {
  readonly version: string;
  readonly applied: { readonly text: string; readonly policies: { readonly [file: string]: string } };
  readonly bindings: {
    readonly environments: readonly (EnvironmentWord & {
      readonly bindings: { readonly [provider: string]: readonly string[] };
    })[];
    readonly upstreams: readonly {
      readonly name: string;
      readonly provider: string;
      readonly environment: string;
      readonly reach: string;
      readonly lookupsOnly: boolean;
    }[];
  };
}

export interface FreezeState {
  readonly epoch: number;
  readonly frozen: boolean;
  readonly at: string;
  readonly by: string;
  readonly why: string;
}

export interface GoalLock {
  readonly id: string;
  readonly principal: string;
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  readonly effect: string;
  readonly hold: string;
  readonly note: string;
  readonly by: string;
  readonly at: string;
}

export interface ImageWord {
  readonly id: string;
  readonly provider: string;
  readonly operations: readonly string[];
  readonly environments: readonly string[];
  readonly resources: readonly string[];
  readonly principal: string;
  readonly hold?: string;
  readonly securedAt: string;
  readonly state: string;
}

export interface UndoPlan {
  readonly image: string;
  readonly operations: readonly string[];
  readonly steps: readonly string[];
  readonly conflicts: readonly string[];
  readonly notUndone: readonly string[];
}

export interface ExplainedText {
  readonly id: string | number | null;
  readonly reversibility: string;
  readonly decision: string;
  readonly actions: readonly {
    readonly operation: string;
    readonly reversibility: string;
    readonly traits: readonly string[];
    readonly why: string;
    readonly resolver: string;
  }[];
  readonly reasons: readonly string[];
}

export interface Alarmed {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly text: string;
  readonly hold?: { readonly code: string; readonly expiresAt: string };
}

export type { Entry };
