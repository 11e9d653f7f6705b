import { connect, type Socket } from 'node:net';
import { StoreFailed } from '../../contract/backup.ts';
import { type KeeperAnswer, keeperHead, type KeeperRequest, largestKept } from '../../contract/keeper.ts';

/** An answer, and the bytes that came with it. */
export interface KeeperReply {
  readonly answer: KeeperAnswer;
  readonly bytes: Uint8Array;
}

const longestAnswer = 16_384;

/**
 * One request over a connection of its own, and every answer to it. Throws `StoreFailed` where the keeper cannot be
 * reached, hangs up, is silent for `patience` milliseconds, or says what it should not.
 */
export async function* askKeeper(
  path: string,
  request: KeeperRequest | Readonly<Record<string, unknown>>,
  body: Uint8Array = new Uint8Array(),
  patience = 60_000,
): AsyncGenerator<KeeperReply> {
  const socket = connect({ path });
  socket.setTimeout(patience, () => socket.destroy(new Error('the keeper is silent')));
  const reader = new AnswerReader(socket);
  try {
    // Requests that are none are part of the probe: whoever speaks to the keeper by hand could send them too.
    socket.write(keeperHead(request as KeeperRequest));
    if (body.length > 0) socket.write(body);
    for (;;) {
      const answer = await reader.head();
      const bytes = answer.ok === 'get' ? await reader.bytes(answer.size) : new Uint8Array();
      yield { answer, bytes };
      if (answer.ok !== 'list' || !answer.more) return;
    }
  } catch (error) {
    if (error instanceof StoreFailed) throw error;
    throw new StoreFailed('the keeper of the backups does not answer', { cause: error });
  } finally {
    socket.destroy();
  }
}

/** The one answer to a request that has one. */
export async function askKeeperOnce(
  path: string,
  request: KeeperRequest | Readonly<Record<string, unknown>>,
  body?: Uint8Array,
): Promise<KeeperReply> {
  for await (const reply of askKeeper(path, request, body)) return reply;
  throw new StoreFailed('the keeper of the backups does not answer');
}

class AnswerReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async head(): Promise<KeeperAnswer> {
    const length = (await this.bytes(4)).readUInt32BE(0);
    if (length === 0 || length > longestAnswer) throw new StoreFailed('what answers is no keeper');
    const head: unknown = JSON.parse((await this.bytes(length)).toString());
    if (typeof head !== 'object' || head === null || !('ok' in head))
      throw new StoreFailed('what answers is no keeper');
    return head as KeeperAnswer;
  }

  async bytes(length: number): Promise<Buffer> {
    if (!Number.isSafeInteger(length) || length < 0 || length > largestKept)
      throw new StoreFailed('what answers is no keeper');
    const pieces = [this.#rest];
    let held = this.#rest.length;
    while (held < length) {
      const next = await this.#chunks.next();
      if (next.done === true) throw new StoreFailed('the keeper of the backups hung up');
      pieces.push(next.value);
      held += next.value.length;
    }
    const all = pieces.length === 1 ? this.#rest : Buffer.concat(pieces);
    this.#rest = all.subarray(length);
    return all.subarray(0, length);
  }
}
