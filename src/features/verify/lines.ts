/** A line longer than this (characters) is no line of a journal: an entry is at most 16 MiB. */
const longestLine = 20 * 1024 * 1024;

/**
 * The lines of a file or stream. Ends lines at U+000A alone: readers that also end them at U+2028, which JSON leaves as it
 * is, would tear entries apart. Throws TypeError for what is not UTF-8, RangeError for a line without end.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  for await (const chunk of chunks) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      yield rest + piece;
      rest = '';
    }
    rest += last;
    if (rest.length > longestLine) throw new RangeError('a line has no end');
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** The checkpoints in a witness file: one `{"checkpoint": …}` a line. Lines that a crash left half written are passed over. */
export async function retainedCheckpoints(lines: AsyncIterable<string> | Iterable<string>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const line of lines) {
    const note = checkpointIn(line);
    if (note !== undefined) found.push(note);
  }
  return found;
}

function checkpointIn(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('checkpoint' in value)) return undefined;
    return typeof value.checkpoint === 'string' ? value.checkpoint : undefined;
  } catch {
    return undefined;
  }
}
