import type { Asking } from './reach.ts';
import type { Decision } from '../model/decision.ts';
import type { Environment } from '../model/environment.ts';
import type { HoldState } from '../model/hold.ts';
import type { Principal } from '../model/principal.ts';
import type { Reversibility } from '../model/reversibility.ts';
import type { Scope, TokenRecord } from '../model/scope.ts';

/** Shapes in which the daemon's API answers: what the daemon writes is what its clients read. */

/** What `holdpoint status` shows. */
export interface Status {
  readonly version: string;
  /** What may be claimed: as started, or less or more where `doctor --attack` proved that. */
  readonly tier: string;
  /** What the daemon was started as. */
  readonly startedTier: string;
  /** Absent where nobody tried it. */
  readonly proof?: TierProof;
  /** The OS user that agents run as, where one was named. */
  readonly agent?: AgentUser;
  readonly addresses: { readonly api: string; readonly http: string; readonly postgres: string };
  readonly frozen: boolean;
  /** Agents that are frozen by themselves. */
  readonly frozenAgents: readonly string[];
  readonly journal: { readonly entries: number; readonly healthy: boolean };
  readonly clock: { readonly suspicious: boolean };
  readonly holds: { readonly waiting: number; readonly scheduled: number };
  /** What a signer's window has to keep to, in milliseconds. */
  readonly delayMs: number;
  readonly windowMs: number;
  readonly signatureMs: number;
  readonly environments: readonly EnvironmentWord[];
  readonly upstreams: readonly {
    readonly name: string;
    readonly environment: string;
    readonly reach: string;
    /** Origin that its requests are sent to. */
    readonly address?: string;
    /** Name of the vault entry that its credential is kept under. */
    readonly credential?: string;
    readonly flag?: string;
    /** Agents are denied every act there because of the role that they would act as: that, why, and what closes it. */
    readonly unfit?: string;
  }[];
  /** What somebody has to do: restart holdpoint, restart the agents. */
  readonly notices: readonly string[];
  readonly notCovered: readonly string[];
}

/** The OS user that agents run as. */
export interface AgentUser {
  readonly name: string;
  readonly uid: number;
}

/** What `doctor --attack` found: the tier that its attempts prove. */
export interface TierProof {
  readonly tier: 'T0' | 'T1' | 'T2';
  readonly at: string;
  /** As whom the attacks were made. */
  readonly attacker: AgentUser;
  /** What the daemon was started as then; another start proves nothing of it. */
  readonly startedTier: string;
  /** Names of the attacks that succeeded. */
  readonly succeeded: readonly string[];
  readonly tried: number;
}

/** Whose a token is, and what lies in the environments that it is for. */
export interface WhoAmI {
  readonly principal: Principal;
  readonly token: Pick<TokenRecord, 'id' | 'scope' | 'purpose' | 'expiresAt'>;
  readonly upstreams: readonly { readonly name: string; readonly provider: string; readonly environment: string }[];
}

/** An environment as it is shown, without its bindings. */
export type EnvironmentWord = Pick<Environment, 'name' | 'production' | 'disposable'>;

/** A hold as an agent is told of it: whether to go on waiting. */
export interface BriefHold {
  readonly id: string;
  readonly code: string;
  readonly state: HoldState;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly schedule?: { readonly notBefore: string; readonly notAfter: string };
  readonly ended: boolean;
}

/** A token as it is shown, never its secret or the hash of it. */
export type ShownToken = Omit<TokenRecord, 'secretHash' | 'scope'> & {
  readonly scope: Scope & { readonly presets?: readonly string[] | undefined };
  /** Where it may be presented from; without either: from this machine, by any OS user. */
  readonly bound?: { readonly uid?: number | undefined; readonly addresses?: readonly string[] | undefined };
};

/** A named human's key, as we keep it: the public half only. */
export interface Signer {
  /** `sg_…` */
  readonly id: string;
  /** The human's name; a signer stands for exactly one person. */
  readonly name: string;
  readonly kind: 'ed25519';
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  readonly addedAt: string;
  /** Signer id that signed the enrolment, or `first` for the one-time code. */
  readonly addedBy: string;
}

/** What may be known of a stored credential. */
export interface VaultEntry {
  /** What `vault:<name>` in holdpoint.yaml means. */
  readonly name: string;
  readonly provider: string;
  /** Our environment name. */
  readonly environment: string;
  /** How it is presented: `bearer`, `project-access-token`, `password`. */
  readonly kind: string;
  /** Whether it sees every environment of its account, or only its own. */
  readonly reach: 'all' | 'environment';
  readonly note: string;
  /** 8 hex characters: the same for the same secret in this installation, and nothing to anybody else. */
  readonly fingerprint: string;
  readonly addedAt: string;
}

/** What `vault add` answers: the entry, what its provider said of it, and what a person should know. */
export type KeptCredential = VaultEntry & { readonly asking: Asking; readonly notes: readonly string[] };

/** What a credential reaches, and the vault entry that keeps it already, if one does. */
export interface ReachAnswer {
  readonly asking: Asking;
  readonly kept?: string;
}

/** A credential that was taken out of a file and put into the vault: what may be known of it. */
export interface Moved {
  /** The finding's: `fd_…`. */
  readonly id: string;
  /** Absolute path of the file. */
  readonly path: string;
  /** Name of the vault entry. */
  readonly entry: string;
  /** What stands in its place. */
  readonly reference: string;
  /** Byte offset at which the reference stands. */
  readonly start: number;
  /** Quotes that stood around the credential and went with it. */
  readonly lead: string;
  readonly trail: string;
  /** SHA-256 of the whole file with the credential in it, and with the reference; hex. */
  readonly before: string;
  readonly after: string;
  readonly at: string;
}

/** What puts a moved credential back: given out on a signature alone. */
export interface MovedBack extends Moved {
  readonly secret: string;
}

/** What a human last signed with `apply`: the configuration as text, and the policies. */
export interface Applied {
  /** `holdpoint.yaml`, as it was signed. */
  readonly text: string;
  /** File name → Cedar text; empty means the default policy. */
  readonly policies: { readonly [file: string]: string };
}

/** The policy and the configuration in force. */
export interface PolicyInForce {
  readonly version: string;
  readonly applied: Applied;
  /** Every vault entry that the configuration names, and what for. Of a store of backups the provider is `s3`. */
  readonly credentials: readonly { readonly name: string; readonly provider: string; readonly environment: string }[];
  readonly bindings: {
    readonly environments: readonly Environment[];
    readonly upstreams: readonly {
      readonly name: string;
      readonly provider: string;
      readonly environment: string;
      readonly reach: 'all' | 'environment';
      readonly lookupsOnly: boolean;
    }[];
  };
}

/** Past decisions of one kind that a proposal would make otherwise. */
export interface ReplayChange {
  readonly from: Decision['kind'];
  readonly to: Decision['kind'];
  /** More would be possible: these come first. */
  readonly widens: boolean;
  readonly operations: readonly string[];
  readonly environments: readonly string[];
  readonly principalKind: string;
  /** Some of whom it is about. */
  readonly principals: readonly string[];
  /** Of the proposal. */
  readonly rules: readonly string[];
  readonly reasons: readonly string[];
  readonly count: number;
  /** The newest of them. */
  readonly latest: { readonly entry: number; readonly at: string; readonly code?: string };
}

/** One page of a replay, from the newest entry back. */
export interface ReplayPage {
  /** Requests that were judged again. */
  readonly judged: number;
  /** Of them, those whose token is not known any more: they cannot be judged again. */
  readonly skipped: number;
  readonly changes: readonly ReplayChange[];
  /** Where the next page begins; absent when there is none. */
  readonly next?: number;
}

/** Whether writes are stopped, since when, by whom and why. The epoch grows with each freeze and each thaw. */
export interface FreezeState {
  readonly epoch: number;
  readonly frozen: boolean;
  readonly at: string;
  readonly by: string;
  readonly why: string;
  /** Agents that are stopped by themselves, whether or not all are. */
  readonly agents: readonly AgentFreeze[];
}

/** One agent whose writes are stopped. */
export interface AgentFreeze {
  /** Principal id. */
  readonly principal: string;
  readonly name: string;
  /** Which freeze this is; a thaw is signed over it. */
  readonly epoch: number;
  readonly at: string;
  /** A human, or `holdpoint` where a velocity limit was passed. */
  readonly by: string;
  readonly why: string;
}

/** After a denial: this agent may not pursue this class of effect on this resource, or on what contains it, at any door. */
export interface GoalLock {
  readonly id: string;
  /** Principal id. */
  readonly principal: string;
  readonly resources: readonly string[];
  /** What was denied; by itself the goal where no resource is named (account-level acts). */
  readonly operations: readonly string[];
  readonly effect: 'change' | 'destroy';
  /** Code of the denied hold, and what the human said. */
  readonly hold: string;
  readonly note: string;
  readonly by: string;
  readonly at: string;
}

/** Captured state, outside the far side. Its content is only ever open in memory. */
export interface BeforeImage {
  /** `im_…` */
  readonly id: string;
  readonly provider: string;
  readonly operations: readonly string[];
  readonly environments: readonly string[];
  readonly resources: readonly string[];
  readonly principal: string;
  /** The upstream entry that it was done by. Absent in images of earlier versions. */
  readonly upstream?: string;
  /** Digest of the ActionRequest it undoes. */
  readonly digest: string;
  readonly hold?: string;
  /** The gate it came through: `undo` where it was an undo. Absent in images of earlier versions. */
  readonly gate?: string;
  /** The before-image that this act put back, where it was an undo: undoing it brings that act's work back. */
  readonly undoes?: string;
  readonly securedAt: string;
  /** Until then it is kept at least; absent where no time was signed when it was secured: then no time ends it. */
  readonly keptUntil?: string;
  /** What ended it, where it is `purged`: a signature, which is what absent means too, or its time. */
  readonly endedBy?: 'signature' | 'time';
  /**
   * `secured`: the act may have happened; `settled`: it did; `void`: it did not; `undone`: it was put back; `purged`: a
   * human ended it by a signature, or its time did; its content is gone.
   */
  readonly state: ImageState;
}

export const imageStates = ['secured', 'settled', 'void', 'undone', 'purged'] as const;

export type ImageState = (typeof imageStates)[number];

/** What an undo would do, before it does it. */
export interface UndoPlan {
  readonly image: string;
  readonly operations: readonly string[];
  readonly steps: readonly string[];
  readonly conflicts: readonly string[];
  readonly notUndone: readonly string[];
}

/** That an image was put back. */
export interface Undone {
  readonly undone: string;
  readonly steps: number;
  /** The undo's own before-images: by these it is undone. Empty where nothing was left to put back. */
  readonly images: readonly string[];
}

/** One image's place in the undo of several. */
export interface UndoRunStep extends UndoPlan {
  readonly securedAt: string;
  readonly principal: string;
  readonly environments: readonly string[];
  readonly undoes?: string;
  /** Why it does not even come to a plan. */
  readonly refused?: string;
  /**
   * Images that are put back before this one and may have made its conflicts: whether these stay is only seen then. Empty
   * where the conflicts are told as they will be.
   */
  readonly unless: readonly string[];
}

/** The undo of several acts, newest first, before anything is done. */
export interface UndoRunPlan {
  readonly images: readonly UndoRunStep[];
  /** Acts in the same span that took effect, or may have, with nothing secured: they stay. */
  readonly unsecured: readonly UnsecuredAct[];
  /** False where the span holds more acts than are looked at. */
  readonly isUnsecuredWhole: boolean;
}

/** An act that has no undo. */
export interface UnsecuredAct {
  /** Index of its intent in the journal. */
  readonly entry: number;
  readonly at: string;
  readonly principal: string;
  readonly operations: readonly string[];
}

/** What a text would do and why. */
export interface Explained {
  readonly id: string;
  readonly reversibility: Reversibility;
  readonly decision: Decision['kind'];
  readonly actions: readonly {
    readonly operation: string;
    readonly reversibility: Reversibility;
    readonly traits: readonly string[];
    readonly why: string;
    readonly resolver: string;
  }[];
  readonly reasons: readonly string[];
}

/** What one line of `explain --jsonl` answers; `id` is the line's own, `null` where it had none that could be read. */
export type ExplainedLine = Omit<Explained, 'id'> & { readonly id: string | number | null };
