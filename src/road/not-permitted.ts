import type { ActionRequest } from '../model/action-request.ts';
import { Refused, refuse, type Refusal } from '../model/refusal.ts';

/** Our own 403: the token's scope or the policy does not permit it. A human is asked about each (E3). */
export class NotPermitted extends Refused {
  readonly by: 'scope' | 'policy';
  /** What was judged, where it got as far as that. */
  readonly request: ActionRequest | undefined;

  constructor(refusal: Refusal, by: NotPermitted['by'], request?: ActionRequest) {
    super(refusal);
    this.name = 'NotPermitted';
    this.by = by;
    this.request = request;
  }
}

/** `DENIED`, by the scope of the token. */
export function outsideScope(detail: string): NotPermitted {
  return new NotPermitted(refuse('DENIED', detail).refusal, 'scope');
}
