import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { BriefHold } from '../../contract/api.ts';
import { actionDigest } from '../../model/action-request.ts';
import type { Hold } from '../../model/hold.ts';

/** Whether it is all of the hold, as people get it; an agent is told no more of its own than how it stands. */
export function isWhole(found: Hold | BriefHold): found is Hold {
  return 'request' in found || 'digest' in found;
}

/** The hold that is about to be signed, proved. Throws `Complaint`, also where the token is no person's. */
export function provedToSign(found: Hold | BriefHold): Hold {
  if (isWhole(found)) return proved(found);
  throw new Complaint(
    'this is for humans: an agent decides nothing that it asked for',
    `wait for the person you work for: holdpoint wait ${found.code}`,
    { exit: exitCode.denied },
  );
}

/**
 * The hold, once its digest was computed again from the very request that will be shown. The daemon's JSON has bytes as
 * base64url text, which is how the digest writes them too, so the request is digested as it came. Throws `Complaint`
 * where the two differ: nothing of it is shown then, and nothing is signed.
 */
export function proved(hold: Hold): Hold {
  let digest: string;
  try {
    digest = actionDigest(hold.request);
  } catch (cause) {
    throw mismatch(cause);
  }
  if (digest !== hold.digest) throw mismatch();
  return hold;
}

function mismatch(cause?: unknown): Complaint {
  return new Complaint(
    'what this hold shows is not what its digest stands for, so it is not signed',
    'freeze (`holdpoint freeze`), keep the journal (`holdpoint journal export`) and find out who changed it',
    { cause },
  );
}
