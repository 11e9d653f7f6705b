import { Refused } from '../../model/refusal.ts';

const resend = 'send the request again as plain HTTP/1.1: one of each header, one body, nothing ambiguous';

/**
 * What cannot be read as exactly one request, in HTTP itself rather than in what it asks. Said with its own status and
 * always as a problem document, and the connection ends: after it nobody can be sure where the next request begins.
 */
export class WireRefused extends Refused {
  readonly status: number;

  constructor(status: number, detail: string, hint: string = resend) {
    super({ code: 'BAD_REQUEST', detail, hint });
    this.name = 'WireRefused';
    this.status = status;
  }
}

/** Text of a peer as it may stand in one of our sentences: printable ASCII, short, in backticks. */
export function quoted(text: string): string {
  const plain = text.slice(0, 60).replaceAll(/[^\x20-\x5f\x61-\x7e]/g, '?');
  return `\`${plain}${text.length > 60 ? '…' : ''}\``;
}
