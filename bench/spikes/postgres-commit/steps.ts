/** What the client has parsed and bound, and the plan step that an Execute of it makes: names empty, so that its digest is the same on every connection. */
import { int32, message, strings } from './frames.ts';
import type { Step } from './road.ts';
import type { StatementClass } from './statements.ts';

export interface Prepared {
  readonly text: string;
  readonly kind: StatementClass;
  readonly parseBytes: Buffer;
}

export interface Portal {
  readonly statement: Prepared;
  readonly bindBytes: Buffer;
}

/** The message again, its first `named` strings (statement and portal names) emptied. */
function nameless(bytes: Buffer, type: string, named: number): Buffer {
  const kept = Buffer.byteLength(strings({ type, bytes }, named).join(''));
  return message(type, Buffer.alloc(named), bytes.subarray(5 + kept + named));
}

export function stepOf(portal: Portal): Step {
  const parsed = nameless(portal.statement.parseBytes, 'P', 1);
  const bound = nameless(portal.bindBytes, 'B', 2);
  return {
    text: portal.statement.text,
    bytes: Buffer.concat([parsed, bound, message('E', Buffer.alloc(1), int32(0))]),
  };
}
