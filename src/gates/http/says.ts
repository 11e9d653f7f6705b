import { refuse } from '../../model/refusal.ts';
import { carriesToken, misplacedToken } from './credentials.ts';

/** In which an agent may say why it asks. */
export const saysHeader = 'holdpoint-says';

/** UTF-16 code units, as everywhere that the text is shown. */
const longest = 280;

/**
 * The agent's own words (`holdpoint-says: <text>`): printable ASCII, everything else of it percent-encoded UTF-8
 * (RFC 3986 §2.1), a percent sign as `%25`. Shown beside a hold, quoted, and nothing else: it is not sent on and not
 * digested. Undefined when there are none. Throws `Refused` for what does not decode, is too long, or holds an agent token.
 */
export function saysIn(headers: ReadonlyMap<string, string>): string | undefined {
  const value = headers.get(saysHeader);
  if (value === undefined) return undefined;
  const text = decoded(value)?.trim();
  const hint = `percent-encode what is not plain ASCII, and keep it to ${longest} characters`;
  if (text === undefined)
    throw refuse('BAD_REQUEST', `the header \`${saysHeader}\` is not percent-encoded UTF-8`, hint);
  if (text.length > longest)
    throw refuse('BAD_REQUEST', `the header \`${saysHeader}\` says more than ${longest} characters`, hint);
  if (carriesToken(Buffer.from(text))) throw misplacedToken(`the header \`${saysHeader}\``);
  return text === '' ? undefined : text;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
