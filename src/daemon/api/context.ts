import type { Alarms } from '../alarms.ts';
import type { Backups } from '../backup/backups.ts';
import type { Asker } from '../asking.ts';
import type { FitRoles } from './fit-roles.ts';
import type { ApiRefusals } from './refusals.ts';
import type { Config } from '../config.ts';
import type { Installation } from '../installation.ts';
import type { Proofs } from '../proof.ts';
import type { Signer, Status } from '../../contract/api.ts';
import type { Asked, Bearer, Outcome } from '../../contract/road.ts';
import type { Provider } from '../../contract/provider.ts';
import type { RoadClock } from '../../road/clock/clock.ts';
import type { Identity } from '../../road/identity/identity.ts';
import type { Journal } from '../../road/journal/journal.ts';
import type { RoadParts } from '../../road/parts.ts';
import type { Policy } from '../../road/policy/policy.ts';
import type { Acts } from '../../road/signing/acts.ts';
import type { Signers } from '../../road/signing/signers.ts';
import type { Vault } from '../../upstream/vault/vault.ts';

/** What the API answers from. Composed once by the daemon. */
export interface ApiParts {
  readonly road: RoadParts;
  readonly identity: Identity;
  /** As `Identity.identify`; a token that is not taken becomes a question to a human. */
  readonly identify: Identity['identify'];
  /** Writes down what is refused, and asks a human about what lacked a right. */
  readonly refusals: ApiRefusals;
  readonly journal: Journal;
  readonly vault: Vault;
  readonly acts: Acts;
  readonly signers: Signers;
  readonly installation: Installation;
  readonly alarms: Alarms;
  readonly backups: Backups;
  readonly providers: readonly Provider[];
  /** Asks providers what credentials can do. */
  readonly asker: Asker;
  readonly fitRoles: FitRoles;
  readonly run: (hold: string, by: Bearer['principal']) => Promise<Outcome>;
  readonly mediate: (asked: Asked) => Promise<Outcome>;
  readonly clock: RoadClock;
  /** Seals the vault under a fresh key of the same kind. */
  readonly rotateKey: () => Promise<void>;
  readonly enrolment: Enrolment;
  /** The tier that may be claimed, and what attacks proved of it. */
  readonly proofs: Proofs;
  readonly status: () => Promise<Status>;
  /** Compiles policies (none given: the default ones); throws when they are not valid. Puts nothing in force. */
  readonly loadPolicy: (policies: { readonly [file: string]: string }) => Policy;
  /** After a new configuration is in force: the policy, the channels and the gates follow. */
  readonly afterApply: (policy: Policy) => void;
  readonly hosts: readonly string[];
  /** What a configuration will ask of people once it is in force: a restart, where it changes what is decrypted. */
  readonly noticesFor: (config: Config) => readonly string[];
}

/** The one-time code under which the first signer is enrolled. */
export interface Enrolment {
  /** Works once, for the right code, while no signer is enrolled; throws `Refused` otherwise. */
  enrol(asked: { readonly code: string; readonly name: string; readonly publicKey: string }): Promise<Signer>;
}

export interface ApiVariables {
  readonly Variables: { bearer: Bearer };
}
