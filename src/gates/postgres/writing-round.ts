import { bindParts, type ClientStatement, parseParts } from './statements.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';

/** What a statement's text says, and whether it is an act of its own that is committed by itself where nothing is open. */
export interface RoundEyes {
  peek(text: string): Statement | undefined;
  acts(text: string): boolean;
}

/**
 * Whether these messages run as many statements as `atLeast` and one of them may write: up to their Sync they are one act
 * then, as the server would have them. `prepared` is what the client has prepared before.
 */
export function isWritingRound(
  batch: readonly Frame[],
  atLeast: number,
  prepared: ReadonlyMap<string, ClientStatement>,
  eyes: RoundEyes,
): boolean {
  if (batch.filter((one) => one.type === 'B').length < atLeast) return false;
  const parsed = new Map<string, string>();
  const bound: string[] = [];
  for (const one of batch) {
    if (one.type === 'P') {
      const { name, text } = parseParts(one);
      parsed.set(name, text);
    } else if (one.type === 'B') {
      const { statement } = bindParts(one);
      const text = parsed.get(statement) ?? prepared.get(statement)?.text;
      if (text !== undefined) bound.push(text);
    }
  }
  const read = bound.map((text) => ({ text, form: eyes.peek(text)?.class }));
  if (read.some(({ form }) => form === 'frame')) return false;
  return read.some(({ text, form }) =>
    // A read by its form may call what writes.
    form === 'read-candidate' ? eyes.acts(text) : form !== undefined && form !== 'setting',
  );
}
