/**
 * The lines of a stream as bytes, ended by LF alone and without it; `undefined` for a line longer than `longest` bytes.
 * Exactly as many as a person would count: a last line without LF counts, the nothing behind a last LF does not.
 */
export async function* byteLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  longest: number,
): AsyncGenerator<Buffer | undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let begun = false;
  const taken = (): Buffer | undefined => {
    const line = size > longest ? undefined : Buffer.concat(parts);
    parts = [];
    size = 0;
    begun = false;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.length) {
      const at = chunk.indexOf(0x0a, from);
      const end = at === -1 ? chunk.length : at;
      size += end - from;
      // What is too long is counted and not kept.
      if (size <= longest) parts.push(chunk.subarray(from, end));
      else parts = [];
      begun = at === -1;
      if (at !== -1) yield taken();
      from = end + 1;
    }
  }
  if (begun) yield taken();
}
