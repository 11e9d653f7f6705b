/**
 * What git sends to fetch (gitprotocol-http(5), gitprotocol-v2(5)): a `POST …/git-upload-pack` that asks for objects and
 * writes nothing. Both are looked at: the words around the body, and the body's own framing.
 */

/** Whether a request's line and content type are those of a fetch. */
export function isFetchRequest(method: string, path: string, query: string, contentType: string | undefined): boolean {
  return (
    method === 'POST' &&
    query === '' &&
    path.endsWith('/git-upload-pack') &&
    contentType === 'application/x-git-upload-pack-request'
  );
}

/** Whether a query asks what could be pushed: the first step of a push, and of nothing else. */
export function asksToPush(path: string, query: string): boolean {
  return path.endsWith('/info/refs') && new URLSearchParams(query).getAll('service').includes('git-receive-pack');
}

const first = /^(?:want [0-9a-f]{40}|command=(?:ls-refs|fetch|object-info|bundle-uri)[\n\0]?$)/;

/**
 * Whether a body is pkt-lines to its last byte, and the first of them begins a fetch. A single flush (`0000`) is git's
 * probe before it sends more than its buffer. Never throws.
 */
export function isFetchBody(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let begins: string | undefined;
  let at = 0;
  while (at < bytes.length) {
    const digits = bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/.test(digits)) return false;
    const length = Number.parseInt(digits, 16);
    // 0000 ends a list and 0001 parts one; 0002 is a server's, and no line is of length 3.
    if (length === 0 || length === 1) {
      at += 4;
      continue;
    }
    if (length < 4 || at + length > bytes.length) return false;
    begins ??= bytes.toString('latin1', at + 4, Math.min(at + length, at + 68));
    at += length;
  }
  return bytes.length > 0 && (begins === undefined ? bytes.toString('latin1') === '0000' : first.test(begins));
}
