import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { askKeeper, askKeeperOnce, type KeeperReply } from './keeper-line.ts';
import { probeKeeper } from './keeper-probe.ts';
import { type BackupStore, ObjectMissing, StoreFailed, type StorePlace } from '../../contract/backup.ts';
import { isObjectKey, type KeeperAbout, type KeeperRequest, keptUntilOf } from '../../contract/keeper.ts';

export interface KeeperStoreOptions {
  /** Name in `holdpoint.yaml`. */
  readonly name: string;
  /** Path of the keeper's socket. */
  readonly socket: string;
}

/** A store kept by `holdpoint backup keeper`, another OS user's process on this machine. */
export interface KeeperStore extends BackupStore {
  /** What the keeper says of itself. After it, `place` says on which file system and by which user it keeps. */
  about(): Promise<KeeperAbout>;
}

/** Connects with each request; a keeper that is started later is found then. */
export function openKeeperStore({ name, socket }: KeeperStoreOptions): KeeperStore {
  let place: StorePlace = Object.freeze({ kind: 'keeper', host: 'localhost' });

  const about: KeeperStore['about'] = async () => {
    const { answer } = await askKeeperOnce(socket, { op: 'about' });
    if (answer.ok !== 'about') throw refused(answer);
    place = Object.freeze({ ...place, device: answer.about.device, account: `uid ${answer.about.uid}` });
    return answer.about;
  };

  const put: BackupStore['put'] = async (key, bytes, keptUntil) => {
    if (!isObjectKey(key)) throw new StoreFailed(`\`${key}\` is no key of an object`);
    const sha256 = hash('sha256', bytes, 'hex');
    const request = { op: 'put', key, keptUntil: keptUntil.toISOString(), sha256, size: bytes.length } as const;
    const { answer } = await persist(socket, request, bytes);
    if (answer.ok !== 'put') throw refused(answer);
    // The version says itself until when it is kept: a keeper that says two things is believed in neither.
    if (new Date(keptUntilOf(answer.version) ?? NaN).getTime() !== Date.parse(answer.keptUntil))
      throw new StoreFailed('the keeper contradicts itself about how long it keeps');
    return Object.freeze({ key, version: answer.version, sha256, size: bytes.length, keptUntil: answer.keptUntil });
  };

  const get: BackupStore['get'] = async ({ key, version }) => {
    const { answer, bytes } = await persist(socket, { op: 'get', key, version });
    if (answer.ok === 'no' && answer.code === 'missing')
      throw new ObjectMissing(`\`${key}\` is not in store \`${name}\``);
    if (answer.ok !== 'get') throw refused(answer);
    return bytes;
  };

  return Object.freeze({
    name,
    get place() {
      return place;
    },
    about,
    put,
    get,
    async *list(prefix: string) {
      for await (const { answer } of askKeeper(socket, { op: 'list', prefix })) {
        if (answer.ok !== 'list') throw refused(answer);
        yield* answer.objects;
      }
    },
    probe: async (keptUntil: Date) => probeKeeper({ socket, about, put, get }, keptUntil),
    async close() {},
  });
}

/** Puts and gets can be said again: a put whose answer was lost leaves one version more, which expires as others do. */
async function persist(socket: string, request: KeeperRequest, body?: Uint8Array): Promise<KeeperReply> {
  for (let pause = 100; ; pause *= 4) {
    try {
      return await askKeeperOnce(socket, request, body);
    } catch (error) {
      if (!(error instanceof StoreFailed) || pause > 1000) throw error;
      await sleep(pause);
    }
  }
}

function refused(answer: KeeperReply['answer']): StoreFailed {
  return new StoreFailed(answer.ok === 'no' ? `the keeper refused: ${answer.message}` : 'what answers is no keeper');
}
