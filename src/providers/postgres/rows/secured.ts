import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';

/** Nothing was secured, and why: words for the person who is asked instead. */
export interface NotSecured {
  readonly why: string;
}

export function isSecured(one: Capture | NotSecured | undefined): one is Capture {
  return one !== undefined && 'image' in one;
}

/** Whatever goes wrong on the way, nothing was secured. */
export function* orNot(secured: Looking<Capture | NotSecured>): Looking<Capture | NotSecured> {
  try {
    return yield* secured;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    return { why: 'it could not be looked at as it was before' };
  }
}
