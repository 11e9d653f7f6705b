import type { Config } from './config.ts';
import type { Diagnose } from './diagnostics.ts';
import type { Journal } from '../road/journal/journal.ts';
import { fileWitness, postWitness } from '../road/journal/witness.ts';
import { postTo } from '../upstream/post/post.ts';

/** Brings checkpoints to the witnesses that the configuration names. One that was named once is kept until a restart. */
export function openWitnesses(journal: Journal, diagnose: Diagnose): { follow(config: Config): void } {
  const named = new Set<string>();
  const add = (where: string | undefined, make: (where: string) => Parameters<Journal['addWitness']>[0]): void => {
    if (where === undefined || named.has(where)) return;
    named.add(where);
    journal.addWitness(make(where)).catch((cause: unknown) => diagnose('witness', cause));
  };
  return {
    follow({ witness }) {
      add(witness.file, fileWitness);
      add(witness.url, (url) =>
        postWitness(url, (to, body) => postTo(to, Buffer.from(body), { allowPrivate: witness.private })),
      );
    },
  };
}
