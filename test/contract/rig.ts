import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alarm } from '../../src/contract/channel.ts';
import { isoTime } from '../../src/contract/clock.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Bearer } from '../../src/contract/road.ts';
import type { Store } from '../../src/contract/store.ts';
import type { Upstream } from '../../src/contract/upstream.ts';
import type { Environment } from '../../src/model/environment.ts';
import {
  approvalDigest,
  type Approval,
  type ApprovalMode,
  type ApprovalStatement,
  type Hold,
} from '../../src/model/hold.ts';
import type { Scope } from '../../src/model/scope.ts';
import { openFreeze } from '../../src/road/freeze/freeze.ts';
import { openHolds } from '../../src/road/holds/holds.ts';
import { openGoalLocks } from '../../src/road/holds/locks.ts';
import { defaultHoldSettings } from '../../src/road/holds/parts.ts';
import { openIdentity, type Identity } from '../../src/road/identity/identity.ts';
import { openJournal, type Journal } from '../../src/road/journal/journal.ts';
import { LightCache } from '../../src/road/light-cache.ts';
import type { Bindings, RoadParts } from '../../src/road/parts.ts';
import { loadPolicy } from '../../src/road/policy/policy.ts';
import { openQuestions } from '../../src/road/questions.ts';
import { openRefusalEntries } from '../../src/road/refusal-entries.ts';
import { openResourceLocks } from '../../src/road/resource-locks.ts';
import type { Signer } from '../../src/contract/api.ts';
import { openSigners } from '../../src/road/signing/signers.ts';
import { openImages } from '../../src/road/undo/images.ts';
import type { Keeping } from '../../src/road/undo/keeping.ts';
import { defaultLimits, type VelocityLimits } from '../../src/road/velocity/limits.ts';
import { openVelocity } from '../../src/road/velocity/velocity.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { openLeases } from '../../src/upstream/run/leases.ts';
import { keyFile } from '../../src/upstream/vault/key-file.ts';
import { openVault, type Vault } from '../../src/upstream/vault/vault.ts';

/** A clock that tests step. */
export class SteppedClock {
  readonly suspicious = false;
  #now = Date.parse('2026-11-23T09:00:00.000Z');

  now(): number {
    return this.#now;
  }

  step(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

/** A human with a key. */
export interface Person {
  readonly signer: Signer;
  approve(hold: Hold, change?: Partial<ApprovalStatement>): Approval;
  deny(hold: Hold, note: string): Approval;
}

/** The real road over real rooms, with a given provider and far side. */
export interface Rig {
  readonly road: RoadParts;
  readonly store: Store;
  readonly journal: Journal;
  readonly vault: Vault;
  readonly identity: Identity;
  readonly clock: SteppedClock;
  readonly alarms: Alarm[];
  readonly diagnoses: unknown[];
  readonly data: string;
  bearer(name: string, scope?: Partial<Scope>): Promise<Bearer & { readonly presented: string }>;
  person(name: string): Promise<Person>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly providers: readonly Provider[];
  readonly upstreams: readonly Upstream[];
  readonly environments: readonly Environment[];
  /** Upstream entry name → its provider, environment, secret and reach. */
  readonly entries: {
    readonly [name: string]: {
      readonly provider: string;
      readonly environment: string;
      readonly secret: string;
      readonly reach: 'all' | 'environment';
      readonly kind?: string;
      readonly address?: string;
      readonly ca?: string;
      /** Entry by which what is about to be lost is looked at. */
      readonly undo?: string;
    };
  };
  /** Velocity limits other than none: a suite of attacks passes every one of them. */
  readonly velocity?: Partial<VelocityLimits>;
  /** How long and how much is kept to undo by; for ever and all of it unless said. */
  readonly keeping?: () => Keeping;
  /** Where to keep state; a temporary folder of its own otherwise. */
  readonly data?: string;
}

const unlimited: Partial<VelocityLimits> = { destructive: undefined, held: undefined, denied: undefined };

export async function openRig(options: RigOptions): Promise<Rig> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'holdpoint-rig-')));
  const clock = new SteppedClock();
  const alarms: Alarm[] = [];
  const diagnoses: unknown[] = [];
  const store = await openSqliteStore({ path: join(data, 'state', 'holdpoint.db') });
  const vault = await openVault({ store, clock, key: keyFile(join(data, 'keys', 'vault.key')) });
  const journal = await openJournal({
    store,
    clock,
    key: generateKeyPairSync('ed25519').privateKey,
    origin: 'holdpoint/rig',
  });
  for (const [name, { address: _, ca: __, undo: ___, kind = 'bearer', ...entry }] of Object.entries(options.entries)) {
    if (vault.entry(name) === undefined)
      await store.transact((tx) => vault.add(tx, { ...entry, name, kind, note: '' }));
  }
  await vault.refresh();
  const bindings: Bindings = {
    environments: options.environments,
    upstreams: Object.entries(options.entries).map(([name, { provider, environment, reach, undo }]) => ({
      name,
      provider,
      environment,
      reach,
      lookupsOnly: Object.values(options.entries).some((one) => one.undo === name),
      ...(undo === undefined ? {} : { undo }),
    })),
  };
  const routes = (
    name: string,
  ): { name: string; address: string; allowPrivate: boolean; credential: string } | undefined => {
    const entry = options.entries[name];
    return entry === undefined
      ? undefined
      : {
          name,
          address: entry.address ?? `${entry.provider}://far`,
          allowPrivate: true,
          credential: name,
          ...(entry.ca === undefined ? {} : { ca: entry.ca }),
        };
  };
  const policy = loadPolicy();
  const signers = openSigners({ store, journal, clock });
  const raise: RoadParts['raise'] = (alarm) =>
    void alarms.push({ ...alarm, id: String(alarms.length), at: isoTime(clock.now()) });
  const goalLocks = await openGoalLocks({ store, journal, clock, raise });
  const diagnose: RoadParts['diagnose'] = (_where, cause) => void diagnoses.push(cause);
  const holds = openHolds({
    store,
    journal,
    clock,
    signers,
    goalLocks,
    raise,
    settings: { ...defaultHoldSettings, tier: 'T1' },
  });
  const freeze = await openFreeze({ store, journal, clock });
  const limits = { ...defaultLimits, ...(options.velocity ?? unlimited) };
  const road: RoadParts = {
    store,
    journal,
    clock,
    signers,
    goalLocks,
    raise,
    diagnose,
    holds,
    freeze,
    questions: openQuestions({ holds, clock, raise, diagnose }),
    refusals: openRefusalEntries({ journal, clock, diagnose }),
    velocity: await openVelocity({ store, clock, freeze, limits: () => limits, raise, diagnose }),
    policy: () => policy,
    bindings: () => bindings,
    providers: options.providers,
    leases: openLeases({ upstreams: options.upstreams, routes, vault }),
    drilledHours: () => ({}),
    resourceLocks: openResourceLocks(),
    images: openImages({
      store,
      clock,
      sealer: vault,
      ...(options.keeping === undefined ? {} : { keeping: options.keeping }),
    }),
    lightCache: new LightCache(),
  };
  const identity = openIdentity({ store, clock, journalAppend: (tx, draft) => journal.append(tx, draft) });
  return {
    road,
    store,
    journal,
    vault,
    identity,
    clock,
    alarms,
    diagnoses,
    data,
    async bearer(name, scope = {}) {
      const full: Scope = {
        gates: ['toy', 'http', 'undo'],
        operations: 'all',
        environments: options.environments.map((one) => one.name),
        resources: 'all',
        ...scope,
      };
      const { record, presented } = await store.transact((tx) =>
        identity.createToken(tx, { kind: 'agent', name, scope: full, purpose: 'testing' }),
      );
      return { principal: record.principal, token: record, presented };
    },
    async person(name) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
      const signer = await store.transact((tx) =>
        signers.add(tx, { name, kind: 'ed25519', publicKey: spki, addedBy: 'first' }),
      );
      return personWith(signer, privateKey, clock);
    },
    async close() {
      await journal.close();
      await store.close();
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

function personWith(signer: Signer, key: KeyObject, clock: SteppedClock): Person {
  const statement = (hold: Hold, change: Partial<ApprovalStatement>): ApprovalStatement => {
    const now = clock.now();
    const mode: ApprovalMode = change.mode ?? hold.defaultMode;
    const notBefore = mode === 'delayed' ? now + defaultHoldSettings.delayMs : now;
    const notAfter =
      mode === 'delayed' ? notBefore + defaultHoldSettings.windowMs : now + defaultHoldSettings.signatureMs;
    return {
      digest: hold.digest,
      hold: hold.id,
      verdict: 'approve',
      mode,
      notBefore: isoTime(notBefore),
      notAfter: isoTime(notAfter),
      typed: hold.friction.typedFact ? hold.varyingFact : '',
      signer: signer.id,
      number: randomBytes(16).toString('base64url'),
      signedAt: isoTime(now),
      ...change,
    };
  };
  const signed = (one: ApprovalStatement): Approval => ({
    statement: one,
    signature: sign(null, Buffer.from(approvalDigest(one)), key).toString('base64url'),
  });
  return {
    signer,
    approve: (hold, change = {}) => signed(statement(hold, change)),
    deny: (hold, note) => signed(statement(hold, { verdict: 'deny', note, typed: '' })),
  };
}
