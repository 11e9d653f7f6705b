import { baseBackup } from './base-backup.ts';
import { dumped } from './pg-dump.ts';
import { ReplicationLine } from './replication-line.ts';
import { dialFault } from './server-fault.ts';
import { checkedSlot, droppedSlot, physicalSlot } from './slots.ts';
import {
  type Answering,
  answering,
  databasesOf,
  extensionsOf,
  refuseTablespaces,
  settled,
  tablespacesOf,
} from './source-identity.ts';
import { startWal } from './wal-stream.ts';
import { type BackupSource, SourceFailed } from '../../contract/backup.ts';
import { lsnNumber } from '../../contract/lsn.ts';
import type { Credential, Route } from '../../contract/upstream.ts';
import { trustedAuthorities } from '../dial/dial.ts';
import { type Lookup, resolveAddress } from '../dial/resolve.ts';
import { type Place, placeOf, signInOf } from '../postgres/place.ts';
import { signIn } from '../postgres/sign-in.ts';

export interface BackupSourceOptions {
  readonly route: Route;
  /** Asked for at every line: a credential that was changed in the vault is the next line's. */
  readonly credential: () => Promise<Credential>;
  /** `system_identifier` that the backups so far are of. Unless given it is whoever answers first. */
  readonly system?: string;
  /** False where the host allows none: then there are dumps alone. */
  readonly replicates?: boolean;
  /** Milliseconds for dialling, and again for the sign-in. */
  readonly timeout?: number;
  readonly lookup?: Lookup;
  /** Folders with pg_dump, looked into before the usual ones. */
  readonly programs?: readonly string[];
}

/** The cluster behind a route with `replication: true`. Every line is its own; what is under way ends with `close`. */
export function openBackupSource(options: BackupSourceOptions): BackupSource {
  const lines = new Set<ReplicationLine>();
  const way = new Way(options, lines);
  const within = async <T>(work: (line: ReplicationLine, who: Answering) => Promise<T>): Promise<T> => {
    const opened = await way.open();
    try {
      return await work(opened.line, opened.who);
    } finally {
      await way.end(opened.line);
    }
  };
  return Object.freeze({
    name: options.route.name,
    identify: () =>
      within(async (line, who) => ({
        ...who,
        ...(await settled(line)),
        tablespaces: await tablespacesOf(line),
        extensions: await extensionsOf(await databasesOf(line), async (name) => (await way.open(name)).line),
      })),
    async *base(wishes: Parameters<BackupSource['base']>[0]) {
      way.needReplication();
      const { line } = await way.open();
      try {
        const { version } = await settled(line);
        await refuseTablespaces(line);
        yield* baseBackup(line, version, wishes);
      } finally {
        await way.end(line);
      }
    },
    slot: async (name: string, wishes?: { readonly unbounded?: boolean }) => {
      way.needReplication();
      return within(async (line) =>
        physicalSlot(line, checkedSlot(name), await settled(line), wishes?.unbounded === true),
      );
    },
    dropSlot: (name: string) => within((line) => droppedSlot(line, checkedSlot(name))),
    async wal({ timeline, position, slot }: Parameters<BackupSource['wal']>[0]) {
      way.needReplication();
      lsnNumber(position);
      const { line, who } = await way.open();
      try {
        refuseSetBack(who, timeline, position);
        const { segmentSize } = await settled(line);
        return await startWal(line, { timeline, position, slot: checkedSlot(slot), segmentSize });
      } catch (thrown) {
        await way.end(line);
        throw thrown;
      }
    },
    history: (timeline: number) =>
      within(async (line) => {
        if (!Number.isInteger(timeline) || timeline < 2) throw new RangeError('a first timeline has no history');
        const [name, content] = (await line.rows(`TIMELINE_HISTORY ${timeline}`))[0] ?? [];
        if (!name || content === null || content === undefined || !/^[0-9A-F]{8}\.history$/.test(name))
          throw new SourceFailed('failed', `the server gave no history of timeline ${timeline}`);
        return { name, bytes: Buffer.from(content, 'utf8') };
      }),
    async *dump(database: string) {
      const major = await within(async (line) => Math.floor((await settled(line)).version / 10_000));
      yield* dumped({ ...(await way.forProgram()), major, database, programs: options.programs ?? [] });
    },
    close: async () => {
      await Promise.all([...lines].map((line) => way.end(line)));
    },
  });
}

/** A log that is behind what we hold is not the one we hold. */
function refuseSetBack(who: Answering, timeline: number, position: string): void {
  const behind = who.timeline === timeline && lsnNumber(who.position) < lsnNumber(position);
  if (who.timeline >= timeline && !behind) return;
  throw new SourceFailed('another-server', 'the server is behind what was read from it: it was set back', {
    hint: 'a new base backup is taken from here; what was read before stays restorable',
  });
}

// Of a database, so that the server's plain rules of access match: those that ship know no other.
const replication: readonly (readonly [string, string])[] = [['replication', 'database']];

class Way {
  readonly #options: BackupSourceOptions;
  readonly #lines: Set<ReplicationLine>;
  #trust: ReturnType<typeof trustedAuthorities> | undefined;
  #system: string | undefined;

  constructor(options: BackupSourceOptions, lines: Set<ReplicationLine>) {
    this.#options = options;
    this.#lines = lines;
    this.#system = options.system;
  }

  get #replicates(): boolean {
    return this.#options.replicates ?? true;
  }

  /** Throws `SourceFailed` where only dumps are allowed. */
  needReplication(): void {
    if (this.#replicates) return;
    throw new SourceFailed('not-supported', 'only dumps are taken of this server', {
      hint: 'where its host allows replication, take `continuous: false` away',
    });
  }

  /** A line that leads to the same cluster as before. Throws `SourceFailed`. */
  async open(database?: string): Promise<{ readonly line: ReplicationLine; readonly who: Answering }> {
    const line = await this.#dialled(database);
    this.#lines.add(line);
    try {
      const who = await answering(line, this.#replicates);
      if (this.#system !== undefined && this.#system !== who.system)
        throw new SourceFailed('another-server', `behind \`${this.#options.route.name}\` another cluster answers`, {
          hint: 'where that is meant, a human makes it another entry of `backups:`; the old copies stay as they are',
        });
      this.#system = who.system;
      return { line, who };
    } catch (thrown) {
      await this.end(line);
      throw thrown;
    }
  }

  async end(line: ReplicationLine): Promise<void> {
    this.#lines.delete(line);
    await line.close();
  }

  /** What a program of PostgreSQL's needs to go the same way. */
  async forProgram(): Promise<{ place: Place; who: ReturnType<typeof signInOf>; address: string; ca?: string }> {
    const { route } = this.#options;
    try {
      const place = this.#place();
      const { addresses } = await resolveAddress(place.host, this.#rules(place));
      const { secret } = await this.#options.credential();
      const ca = route.ca === undefined ? {} : { ca: route.ca };
      return { place, who: signInOf(secret), address: addresses[0].address, ...ca };
    } catch (thrown) {
      throw dialFault(route.name, thrown);
    }
  }

  async #dialled(database: string | undefined): Promise<ReplicationLine> {
    const { route, timeout = 10_000 } = this.#options;
    try {
      const place = this.#place();
      const { secret } = await this.#options.credential();
      this.#trust ??= trustedAuthorities(route.ca);
      const settings = new Map([
        ...(this.#replicates ? replication : []),
        ['application_name', 'holdpoint backup'],
        ['client_encoding', 'UTF8'],
        ['DateStyle', 'ISO'],
      ]);
      const there = database === undefined ? place : { ...place, database };
      const dialling = { ...this.#rules(place), timeout };
      return new ReplicationLine(await signIn(there, signInOf(secret), this.#trust, settings, dialling), timeout * 3);
    } catch (thrown) {
      throw dialFault(route.name, thrown);
    }
  }

  #place(): Place {
    const place = placeOf(this.#options.route.address);
    if (place.pooled)
      throw new SourceFailed('not-supported', 'no pooler carries replication', {
        hint: 'name the server’s own address',
      });
    return place;
  }

  #rules(place: Place): { allowPrivate: boolean; onlyPrivate?: boolean; lookup?: Lookup } {
    const { route, lookup } = this.#options;
    return {
      allowPrivate: route.allowPrivate,
      ...(place.encrypted ? {} : { onlyPrivate: true }),
      ...(lookup === undefined ? {} : { lookup }),
    };
  }
}
