import { bindParts, type ClientStatement, parseParts } from './statements.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';

/**
 * Whether these messages run as many statements as `atLeast` and one of them may write: up to their Sync they are one act
 * then, as the server would have them. `peek` reads a text, `prepared` is what the client has prepared before.
 */
export function isWritingRound(
  batch: readonly Frame[],
  atLeast: number,
  prepared: ReadonlyMap<string, ClientStatement>,
  peek: (text: string) => readonly Statement[] | undefined,
): boolean {
  if (batch.filter((one) => one.type === 'B').length < atLeast) return false;
  const parsed = new Map<string, Statement | undefined>();
  const bound: (Statement | undefined)[] = [];
  for (const one of batch) {
    if (one.type === 'P') {
      const { name, text } = parseParts(one);
      parsed.set(name, peek(text)?.[0]);
    } else if (one.type === 'B') {
      const { statement } = bindParts(one);
      bound.push(parsed.has(statement) ? parsed.get(statement) : prepared.get(statement)?.read);
    }
  }
  if (bound.some((one) => one?.class === 'frame')) return false;
  return bound.some((one) => one !== undefined && one.class !== 'read-candidate' && one.class !== 'setting');
}
