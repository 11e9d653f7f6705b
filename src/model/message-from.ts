import { httpMessageFrom } from './http-message.ts';
import type { Message } from './plan.ts';
import { postgresMessageFrom } from './postgres-message.ts';

/** A message of a stored Plan as it will be sent, its bytes bytes again. Throws `TypeError` for one that is damaged. */
export function messageFrom(stored: Message): Message {
  switch (stored.protocol) {
    case 'http':
      return httpMessageFrom(stored);
    case 'postgres':
      return postgresMessageFrom(stored);
    default:
      return stored;
  }
}
