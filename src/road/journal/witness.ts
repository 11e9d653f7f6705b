import { open } from 'node:fs/promises';
import { canonicalJson } from '../../model/json.ts';

/**
 * Somebody else who keeps our checkpoints, out of reach of whoever could rewrite the journal: with one of them a
 * verifier finds a journal that was cut short or replaced.
 */
export interface Witness {
  readonly name: string;
  /** Resolves when the checkpoint (a signed note) is kept. */
  keep(checkpoint: string): Promise<void>;
}

/** Sends a body to a URL; resolves when the far end took it. Given from outside: this room opens no sockets. */
export type Post = (url: string, body: string) => Promise<void>;

/** Appends each checkpoint to a file as one line of JSON, `{"checkpoint": …}`, and syncs it. */
export function fileWitness(path: string): Witness {
  return Object.freeze({
    name: `file ${path}`,
    async keep(checkpoint: string): Promise<void> {
      const file = await open(path, 'a', 0o600);
      try {
        // The empty line parts it from whatever a crash left half written.
        await file.appendFile(`\n${canonicalJson({ checkpoint })}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  });
}

/** Posts each checkpoint, the signed note as it is, to a URL. */
export function postWitness(url: string, post: Post): Witness {
  // A URL may carry a secret in its user part or query; the name is journaled.
  const name = `post ${new URL(url).origin}`;
  return Object.freeze({ name, keep: (checkpoint: string) => post(url, checkpoint) });
}
