import type { Lsn } from './backup.ts';

/** Where a store is, as whoever restores has to find it. No secret is in it. */
export interface KitStore {
  /** Name in `holdpoint.yaml`, by which manifests name versions. */
  readonly name: string;
  /** Socket of its keeper. */
  readonly keeper?: string;
  /** Endpoint, bucket and region of an object store. */
  readonly s3?: string;
  readonly bucket?: string;
  readonly region?: string;
}

/** What a person needs, beside the recovery key and a way into one store, to find and judge copies without a daemon. Public facts alone. */
export interface BackupKit {
  readonly v: 1;
  /** The upstream that is copied. */
  readonly name: string;
  /** `system_identifier`; undefined until the server answered once. */
  readonly system?: string;
  /** Ed25519, base64url: signs manifests and the keys of the log. */
  readonly publicKey: string;
  /** `age1…` of the offline recovery key, and of the drill runner. */
  readonly recovery: string;
  readonly drill?: string;
  /** Ed25519, base64url: signs drills. */
  readonly runner?: string;
  readonly stores: readonly KitStore[];
  readonly newest?: { readonly id: string; readonly restorableTo: string };
  /** What was put, by our own account: a listing alone cannot tell that its newest line is missing. */
  readonly expected: {
    readonly backups: readonly { readonly backup: string; readonly sha256: string; readonly keptUntil: string }[];
    readonly wal: readonly { readonly system: string; readonly timeline: number; readonly through: Lsn }[];
  };
}

/** A store as a human reaches it, who may list: never by the daemon's own credential. */
export interface HumanWay {
  readonly kit: BackupKit;
  /** Which of the kit's stores; its first unless said. */
  readonly store?: string;
  /** The keeper's second socket, which only its own user (and root) can reach. */
  readonly socket?: string;
  /** Of an object store: key id and secret that may list and get. */
  readonly access?: { readonly keyId: string; readonly secret: string };
  /** The endpoint may be private. */
  readonly allowPrivate?: boolean;
}
