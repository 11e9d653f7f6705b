import type { Talk } from './talk.ts';
import type { Ran } from './transaction.ts';
import { cstring, frame, type Frame } from '../../contract/postgres/frames.ts';

/** What one statement comes to, and what the client is told besides the server's own words. */
export interface Acted {
  readonly ran: Ran;
  /** Command tag of what the gate did itself: the server said nothing to the client. */
  readonly own?: string;
  readonly warnings?: readonly Frame[];
  /** Description and rows ahead of `own`. */
  readonly rows?: readonly Frame[];
}

/** What the gate did itself, and what it has to say to it. */
export function sayOwn(talk: Talk, { ran, own, warnings, rows }: Acted): void {
  for (const words of warnings ?? []) talk.say(words);
  if (own === undefined || ran.kind !== 'done') return;
  for (const row of rows ?? []) talk.say(row);
  talk.say(frame('C', cstring(own)));
}
