import { once } from 'node:events';
import { chmod, lstat, stat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { type KeeperAnswer, keeperHead, type KeptObject, largestKept } from '../../../contract/keeper.ts';
import type { KeptDirectory } from './directory.ts';
import { Refusal } from './directory.ts';
import { SocketReader } from './reading.ts';

/** Who may connect to a socket is who may reach its file: a daemon's group for the one, the keeper's own user for the other. */
export interface KeeperOptions {
  readonly directory: KeptDirectory;
  /** Put and get. Its folder decides who reaches it; the file gets mode 0660. */
  readonly socket: string;
  /** List too, for a human who restores as the keeper's user; mode 0600. */
  readonly restoreSocket?: string;
  readonly connections?: number;
  /** Milliseconds without a byte of what was announced. */
  readonly patience?: number;
  /** Milliseconds between two prunings. */
  readonly pruneEvery?: number;
  readonly now?: () => number;
  /** Told what a human should know: pruned, or not pruned because the clock leapt. */
  readonly say?: (text: string) => void;
}

export interface Keeper {
  close(): Promise<void>;
}

const requestSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('put'),
    key: z.string().max(512),
    keptUntil: z.iso.datetime(),
    sha256: z.string(),
    size: z.int().nonnegative().max(largestKept),
  }),
  z.strictObject({ op: z.literal('get'), key: z.string().max(512), version: z.string().max(64) }),
  z.strictObject({ op: z.literal('list'), prefix: z.string().max(512) }),
  z.strictObject({ op: z.literal('about') }),
]);

const hour = 3_600_000;
const page = 10;

/** Listens until it is closed. Throws where a socket is taken by a keeper that answers, or cannot be made. */
export async function serveKeeper(options: KeeperOptions): Promise<Keeper> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const listen = async (path: string, mode: number, mayList: boolean): Promise<void> => {
    await clearAway(path);
    const server = createServer({ allowHalfOpen: false }, (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.on('timeout', () => socket.destroy());
      void converse(socket, options, mayList);
    });
    server.maxConnections = options.connections ?? 32;
    server.listen(path);
    await once(server, 'listening');
    await chmod(path, mode);
    servers.push(server);
  };
  await listen(options.socket, 0o660, false);
  if (options.restoreSocket !== undefined) await listen(options.restoreSocket, 0o600, true);
  const stopPruning = pruneNowAndThen(options);
  return Object.freeze({
    async close() {
      stopPruning();
      const closed = servers.map(async (server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  });
}

/** A socket file that nobody answers at is what a crash left. Anything else stays. */
async function clearAway(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Refusal('failed', `\`${path}\` is there, and is no socket`);
  await unlink(path);
}

async function converse(socket: Socket, options: KeeperOptions, mayList: boolean): Promise<void> {
  const reader = new SocketReader(socket, options.patience ?? 30_000);
  try {
    for (;;) {
      const head = await reader.head();
      if (head === undefined) return;
      if (!(await answerTo(head, reader, socket, options, mayList))) return;
    }
  } catch (error) {
    await say(socket, refusalOf(error)).catch(() => undefined);
  } finally {
    socket.end();
  }
}

/** False where the conversation must end, because nobody knows where the next request begins. */
async function answerTo(
  head: unknown,
  reader: SocketReader,
  socket: Socket,
  options: KeeperOptions,
  mayList: boolean,
): Promise<boolean> {
  const read = requestSchema.safeParse(head);
  const { directory } = options;
  if (!read.success) {
    await say(socket, { ok: 'no', code: 'not-allowed', message: 'a keeper takes and gives, and does nothing else' });
    return false;
  }
  const request = read.data;
  try {
    if (request.op === 'about') await say(socket, await about(directory));
    else if (request.op === 'get') await give(socket, directory, request);
    else if (request.op === 'put') {
      const bytes = reader.body(request.size);
      const incoming = { ...request, keptUntil: Date.parse(request.keptUntil) };
      const { version, keptUntil } = await directory.put(incoming, bytes);
      await say(socket, { ok: 'put', version, keptUntil: new Date(keptUntil).toISOString() });
    } else if (mayList) await list(socket, directory, request);
    else throw new Refusal('not-allowed', 'nothing is listed here: a human lists, as the keeper’s own user');
    return true;
  } catch (error) {
    // Whoever hangs up on bytes that are still coming is not heard any more.
    await reader.drain();
    await say(socket, refusalOf(error));
    return true;
  }
}

async function give(
  socket: Socket,
  directory: KeptDirectory,
  { key, version }: { key: string; version: string },
): Promise<void> {
  const { file, size } = await directory.get(key, version);
  try {
    await say(socket, { ok: 'get', size });
    let at = 0;
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    while (at < size) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Refusal('failed', 'the file ended too early');
      at += bytesRead;
      await write(socket, Buffer.from(buffer.subarray(0, bytesRead)));
    }
  } catch (error) {
    // Half of the bytes may be on their way: only the end of the line tells that there are no more.
    socket.destroy();
    throw error;
  } finally {
    await file.close();
  }
}

/** A page at a time, so that every head stays small. */
async function list(socket: Socket, directory: KeptDirectory, { prefix }: { prefix: string }): Promise<void> {
  let objects: KeptObject[] = [];
  for await (const object of directory.list(prefix)) {
    objects.push(object);
    if (objects.length < page) continue;
    await say(socket, { ok: 'list', objects, more: true });
    objects = [];
  }
  await say(socket, { ok: 'list', objects, more: false });
}

async function about(directory: KeptDirectory): Promise<KeeperAnswer> {
  const { dev } = await stat(directory.path);
  const { floor, ceiling } = directory.limits;
  const freeBytes = await directory.free();
  const uid = process.getuid?.() ?? -1;
  return { ok: 'about', about: { uid, directory: directory.path, device: String(dev), floor, ceiling, freeBytes } };
}

async function say(socket: Socket, answer: KeeperAnswer): Promise<void> {
  await write(socket, keeperHead(answer, 16_384));
}

async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed) throw new Refusal('failed', 'the far side hung up');
  if (socket.write(bytes)) return;
  // A reader that stops reading would hold this for ever: the socket's own timeout ends it.
  socket.setTimeout(30_000);
  await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
}

function refusalOf(error: unknown): KeeperAnswer {
  return error instanceof Refusal
    ? { ok: 'no', code: error.code, message: error.message }
    : { ok: 'no', code: 'failed', message: 'the keeper could not do it' };
}

/**
 * Deletes what expired, now and then. A clock that leaps forward must not make everything expire at once: where it and
 * the machine's own count of time disagree, nothing is deleted by this keeper any more.
 */
function pruneNowAndThen({
  directory,
  pruneEvery = hour,
  now = Date.now,
  say = () => undefined,
}: KeeperOptions): () => void {
  const wall = now();
  const own = performance.now();
  const timer = setInterval(() => {
    const leapt = Math.abs(now() - wall - (performance.now() - own));
    if (leapt > hour) {
      clearInterval(timer);
      say('the clock leapt: nothing is deleted until the keeper is started again');
      return;
    }
    directory.prune().then(
      (gone) => gone > 0 && say(`${gone} objects were kept for long enough, and are deleted`),
      () => say('deleting what was kept for long enough failed'),
    );
  }, pruneEvery);
  timer.unref();
  return () => clearInterval(timer);
}
