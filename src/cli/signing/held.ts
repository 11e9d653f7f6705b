import { Complaint } from '../complaint.ts';
import { actionDigest } from '../../model/action-request.ts';
import type { Hold } from '../../model/hold.ts';

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
