import type { Looking } from './lookup.ts';
import type { Introspection } from './reach.ts';
import type { Answer } from './upstream.ts';
import type { Action, Trait } from '../model/action.ts';
import type { Environment } from '../model/environment.ts';
import type { ApprovalMode, Fact } from '../model/hold.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Message, Plan } from '../model/plan.ts';
import type { PrincipalKind } from '../model/principal.ts';
import type { Reversibility } from '../model/reversibility.ts';

/** One operation of a provider's published interface, as the catalogue has it. */
export interface OperationClass {
  /** `railway:volumeDelete`. */
  readonly operation: string;
  /** Before its arguments are looked at. */
  readonly reversibility: Reversibility;
  readonly traits: readonly Trait[];
  readonly why: string;
  /** Whether its targets can be resolved live; if not, the operation is denied outside `explain`. */
  readonly resolver: 'live' | 'none';
}

/** A kind of far side: what its operations do, what they hit, how they are undone. Opens no socket, sees no credential. */
export interface Provider {
  readonly name: string;
  /** The HTTP hosts it claims: judged by its catalogue or denied, never tunnelled. Empty for other protocols. */
  readonly hosts: readonly string[];
  /** Every operation of the published interface. */
  readonly catalogue: readonly OperationClass[];
  /** Words people use → the operations they mean: `railway:domains`. */
  readonly presets: { readonly [name: string]: readonly string[] };
  /** Header names, lower case, in which a real credential of this provider travels; values that look like one are refused. */
  readonly credentialHeaders: readonly string[];
  /** Environment variables in which its clients look for a token: `exec` puts the agent token there. */
  readonly tokenVariables?: readonly string[];
  /** How its clients want a refusal said, by the path and query of what they asked; a problem document where absent. */
  tongue?(message: { readonly path: string }): Tongue;
  /** The language of the texts that `messageOf` takes: `graphql`. */
  readonly language?: string;
  /** The message that a text stands for, for `explain`; never sent. */
  messageOf?(text: string, variables?: JsonObject): Message;
  /**
   * For `explain`: what a text would do where it may hold several statements, or names that only the far side could
   * resolve. Absent: what `read` makes of `messageOf`. Throws `Refused` (`BAD_REQUEST`).
   */
  actionsIn?(text: string): readonly Action[];
  /** For `explain`: the text with what it lacks put in; undefined where that cannot be done or is not needed. */
  makeWhole?(text: string, variables: WholeText['variables']): WholeText | undefined;
  /** Whether a presented value has the shape of this provider's real credential. */
  looksLikeCredential(text: string): boolean;
  /**
   * What a message says, by a real parser, without asking anybody. Throws `Refused` (`BAD_REQUEST`) for what cannot be
   * understood. A pure function of the message: the frozen Plan of a hold is read again by it before it runs.
   */
  read(message: Message): Reading;
  /**
   * What a message says inside a transaction that a gate holds open: whatever the transaction can take back is
   * `provisional`. Absent where no far side has such.
   */
  readInside?(message: Message): Reading;
  /** Reads the frozen Plan of a hold again, where a plan has several steps. Absent: `read` of its only step. */
  readPlan?(plan: Plan): Reading;
  /**
   * Asks the far side whether an act took effect, after the line broke or the daemon died. Anything short of a proof is
   * `unknown`.
   */
  prove?(intent: JsonObject, context: ResolveContext): Looking<'done' | 'failed' | 'unknown'>;
  /**
   * How long (ms) after it was sent the far side may still be working on an act: until then `prove`'s `failed` says no
   * more than "not yet". Absent: its `failed` is exact at any time.
   */
  readonly settlesWithinMs?: number;
  /** How it is asked what a credential can do. Absent: it cannot be asked. */
  readonly introspection?: Introspection;
  /** Builds what puts an image back, and says what was changed since. */
  putBack(image: JsonObject, context: PutBackContext): Looking<PutBack>;
}

/** How a refusal is said so that the client's own error handling shows all of it. */
export type Tongue = 'graphql' | 'problem';

/** A text that was made whole, so that its operation can be classified; never one that is sent. */
export interface WholeText {
  readonly text: string;
  readonly variables: { readonly [name: string]: Json };
  /** What was missing: `volumeDelete(volumeId)`, `$input`. */
  readonly missing: readonly string[];
}

export interface ResolveContext {
  readonly environments: readonly Environment[];
  /** Whether the credential behind the look-ups sees every environment, or only its own. */
  readonly reach: 'all' | 'environment';
  /** Whose act it is; absent counts as an agent's. */
  readonly principal?: PrincipalKind;
  /** Whether the entry has a second line for look-ups that say `by: 'undo'`. */
  readonly undoLine?: boolean;
}

/** What a message says, before it is known what its ids stand for. */
export interface Reading {
  /** The provider's own serialisation of the message: this is digested, shown, journaled and sent. */
  readonly plan: Plan;
  /** One an operation, resources by id only, `environments` empty. */
  readonly actions: readonly Action[];
  /** Name of the upstream entry that the client itself addressed; absent where the road finds it by the environments. */
  readonly entry?: string;
  /** The agent's own text (the document as sent), where it differs from the plan. */
  readonly asked?: string;
  /**
   * The actions that the agent asked for, where the plan holds a milder one in the place of some. A token's scope is held
   * against these, and `explain` shows them; everything else is about `actions`, which is what the plan does.
   */
  readonly asks?: readonly Action[];
  /** Of what may be a read: the reading of a message that says the same with other values. Undefined for every other message. */
  again?(message: Message): Reading | undefined;
  /**
   * Of what may be a read on a line of a gate's own: all that its verdict hangs on, but for the state of that line. Two readings
   * with the same are resolved and judged alike there, whatever their values. Absent: only the very same reading is.
   */
  readonly alike?: string;
  /** What the ids stand for, live. Throws `Refused` (`DENIED`) when that cannot be settled. */
  resolve(context: ResolveContext): Looking<Resolution>;
  /** The answer with its secrets masked. */
  mask(answer: Answer): Answer;
  /** What the answer proves: took effect, did not, or nothing. */
  outcome(answer: Answer): 'done' | 'failed' | 'unknown';
  /** Why a step that can be taken back did not do what it says; undefined where it did. Absent: it is never asked. */
  failure?(answer: Answer): string | undefined;
  /** The provider's own refusal of the credential (401, 403, `Not Authorized`), in its words; undefined otherwise. */
  providerRefusal(answer: Answer): string | undefined;
}

export interface Resolution {
  /** With resolved resources: names and every environment they exist in. */
  readonly actions: readonly Action[];
  readonly facts: readonly Fact[];
  /** Ids of everything that goes with the targets (instances, backups); hashed into `affected`. */
  readonly dependents: readonly string[];
  /** What a signer types: the main target's name or a count. */
  readonly varyingFact: string;
  readonly defaultMode: ApprovalMode;
  /** What would undo it, in a sentence. */
  readonly undo: string;
  /** Reads the state before the act. Absent where there is no true undo. */
  readonly capture?: () => Looking<Capture>;
  /**
   * For transactional far sides: asked on the lease that acts, right before the step at that place of the Plan runs, within the
   * transaction that the steps before it opened. For what nobody can look at any more once the step has run.
   */
  readonly before?: (step: number) => Looking<void>;
  /**
   * For transactional far sides: asks, on the very lease in whose open transaction the provisional steps ran, what they
   * really did.
   */
  readonly measure?: () => Looking<Measurement>;
  /**
   * What `Provider.prove` will need to find out later whether the act took effect; kept with the intent, so that it can be
   * asked after a crash. No secrets. A transaction's id goes into `Measurement.intent` instead.
   */
  readonly intent?: JsonObject;
}

/** A before-image, complete and exact, still in memory. */
export interface Capture {
  readonly image: JsonObject;
  /** One a captured row or record; sorted and hashed into `affected`. */
  readonly hashes: readonly string[];
  /** Members of the effect's answer that the inverse needs (the id of what was created), filled in at settling. */
  readonly fromAnswer?: (answer: Answer) => JsonObject;
  /**
   * Asked right after an act that took effect: what it made of the state, where nothing that was sent says so. Goes into
   * the image, so that a later change by somebody else is seen. Where it could not be asked, every change counts as one.
   */
  readonly afterwards?: () => Looking<JsonObject>;
}

/** Rows changed of a table that had so many. */
export interface TableShare {
  readonly table: string;
  readonly rows: number;
  readonly of: number;
}

/** What an open transaction really did. */
export interface Measurement {
  readonly facts: readonly Fact[];
  readonly hashes: readonly string[];
  readonly rows: number;
  /** How much of each table that is: more than 5 % and 20 rows is beyond bounds. */
  readonly tables?: readonly TableShare[];
  /** Added to what `Provider.prove` is given: the transaction's id, the server's identity. */
  readonly intent?: JsonObject;
  /** Replaces the class that was assumed, where the measured effect is another. */
  readonly actions?: readonly Action[];
  readonly capture?: Capture;
}

export interface PutBackContext extends ResolveContext {
  /**
   * Newer images that would be put back before this one, newest first: the plan is made as if they were. Such a plan is only
   * shown; before anything is sent another one is made.
   */
  readonly undoneBefore?: readonly JsonObject[];
  /** What was there is to stand beside what is there now, under this name, and nothing is to be touched. */
  readonly toSchema?: string;
}

export interface PutBack {
  /** Each goes down the road as its own ActionRequest. Empty when nothing is left to do. */
  readonly plans: readonly Message[];
  /** Everything in one Plan, where the far side can do it all at once or not at all: then `plans` is empty. Read by `readPlan`. */
  readonly whole?: Plan;
  /** What was written since and would be overwritten, in sentences; never overwritten silently. */
  readonly conflicts: readonly string[];
  readonly notUndone: readonly string[];
  /** Those of `notUndone` that are about what was secured itself: while there are any the image stays. */
  readonly left?: readonly string[];
  /** Whether `undoneBefore` was taken into account, so that every conflict is one that will still be there. */
  readonly asIf?: boolean;
  /** Whether it is `toSchema` that was planned. A provider that knows of no such thing leaves it out. */
  readonly beside?: boolean;
}
