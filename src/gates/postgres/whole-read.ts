import {
  bindParts,
  type ClientPortal,
  type ClientStatement,
  executePart,
  namedPart,
  parseParts,
} from './statements.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import { Refused } from '../../model/refusal.ts';

/** What a round says that holds one statement and leaves nothing behind but the unnamed one. */
export interface WholeRead {
  readonly portal: ClientPortal;
  /** It begins with a Parse. */
  readonly parses: boolean;
}

/**
 * Reads the frames before a Sync as `Parse? Describe? Bind Describe? Execute` over the unnamed portal, the Parse without a
 * name. Undefined for every other shape, which is worked on message by message. Throws `BrokenFrame`.
 */
export function wholeRead(
  frames: readonly Frame[],
  statements: ReadonlyMap<string, ClientStatement>,
): WholeRead | undefined {
  let at = 0;
  const next = (type: string): Frame | undefined => (frames[at]?.type === type ? frames[at++] : undefined);
  try {
    const parse = next('P');
    const parsed = parse === undefined ? undefined : parseParts(parse);
    if (parsed !== undefined && parsed.name !== '') return undefined;
    const first = parsed === undefined ? undefined : next('D');
    if (first !== undefined && !names(first, 'statement')) return undefined;
    const bind = next('B');
    if (bind === undefined) return undefined;
    const { statement: name, ...bound } = bindParts(bind);
    const described = next('D');
    if (described !== undefined && !names(described, 'portal')) return undefined;
    const execute = next('E');
    if (execute === undefined || at !== frames.length || bound.name !== '' || executePart(execute) !== '')
      return undefined;
    // Of a text that is new here the class is not known: nothing goes by it before the road has proved it.
    const statement =
      parsed === undefined ? statements.get(name) : name === '' ? { ...parsed, read: undefined } : undefined;
    return statement === undefined ? undefined : { portal: { ...bound, statement }, parses: parsed !== undefined };
  } catch (thrown) {
    if (thrown instanceof Refused) return undefined;
    throw thrown;
  }
}

function names(describe: Frame, kind: 'statement' | 'portal'): boolean {
  const named = namedPart(describe);
  return named.kind === kind && named.name === '';
}
