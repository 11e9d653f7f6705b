import { resolve } from 'node:path';
import { rotationOf, variablesOf } from './ask-offline.ts';
import type { MovedBack } from '../contract/api.ts';
import type { Found } from '../features/scan/finding.ts';
import { type Move, moveBack, moveOut, planMove, stateOf } from '../features/scan/move.ts';
import { scan, type ScanOptions } from '../features/scan/scan.ts';

export { moveBack, moveOut, stateOf };

/** A credential that was found, and how it would be moved. The secret is handed on to the vault and to nobody else. */
export interface ToMove {
  readonly id: string;
  readonly provider: string;
  readonly masked: string;
  readonly path: string;
  readonly line: number;
  /** The name of what it stands in. */
  readonly standsIn: string | undefined;
  readonly secret: string;
  /** `path:line` of the other places where the same one was found. */
  readonly alsoIn: readonly string[];
  /** Where it is replaced by another; undefined where we do not know. */
  readonly rotateAt: string | undefined;
  /** Throws `Refused` where nothing that works can stand in its place. */
  plan(entry: string): { readonly move: Move; readonly works: string };
}

export type { Move, MovedBack };

/** What was found under this id, or at `path:line`. Several at one line are several. */
export async function findToMove(options: ScanOptions, which: string): Promise<readonly ToMove[]> {
  const { found } = await scan(options);
  const [, path, line] = /^(.+):(\d+)$/.exec(which) ?? [];
  return found
    .filter(({ finding: { id, place } }) =>
      id === which ? true : path !== undefined && place.path === resolve(path) && place.line === Number(line),
    )
    .map((one) => toMove(one, found));
}

function toMove(one: Found, all: readonly Found[]): ToMove {
  const { finding, secret } = one;
  const { place } = finding;
  return {
    id: finding.id,
    provider: finding.kind,
    masked: finding.masked,
    path: place.path,
    line: place.line,
    standsIn: place.key?.split('.').at(-1),
    secret: secret.reveal(),
    alsoIn: all
      .filter((each) => each !== one && each.finding.fingerprint === finding.fingerprint)
      .map((each) => `${each.finding.place.path}:${each.finding.place.line}`),
    rotateAt: rotationOf(finding.kind, ''),
    plan: (entry) => planMove(one, variablesOf(finding.kind), entry),
  };
}
