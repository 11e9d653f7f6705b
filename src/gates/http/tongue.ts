import type { Provider, Tongue } from '../../contract/provider.ts';
import { problemOf, problemType } from '../../model/problem.ts';
import type { Refusal } from '../../model/refusal.ts';

/** A whole answer of ours. Header names in lower case. */
export interface Spoken {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Which tongue a request's sender understands: as its provider says, else problem documents. */
export function tongueOf(provider: Pick<Provider, 'tongue'>, message: { readonly path: string }): Tongue {
  return provider.tongue?.(message) ?? 'problem';
}

/** A provider's tongue, or a listed host's: `text` is git's. */
export type ListedTongue = Tongue | 'text';

/** How a refusal about a listed host is said: git shows an answer only where it is plain text, else its status alone. */
export function listedTongue(path: string): ListedTongue {
  return /\/(?:info\/refs|git-upload-pack|git-receive-pack)$/.test(path) ? 'text' : 'problem';
}

export function sayRefusal(refusal: Refusal, tongue: ListedTongue, status?: number): Spoken {
  if (tongue === 'graphql') return graphqlErrors(refusal);
  const problem = problemDocument(refusal, status);
  if (tongue !== 'text') return problem;
  const headers = problem.headers.map(([name, value]): readonly [string, string] => [
    name,
    name === 'content-type' ? 'text/plain; charset=utf-8' : value,
  ]);
  return { status: problem.status, headers, body: `${instruction(refusal)}\n` };
}

/** The refusal as a problem document (RFC 9457), under another status where HTTP itself asks for one. */
export function problemDocument(refusal: Refusal, status?: number): Spoken {
  const problem = problemOf(refusal);
  const said = status ?? problem.status;
  const headers: [string, string][] = [['content-type', problemType]];
  if (said === 401) headers.push(['www-authenticate', 'Bearer realm="holdpoint"']);
  return { status: said, headers, body: JSON.stringify({ ...problem, status: said }) };
}

/**
 * A GraphQL answer with one error that carries the whole instruction: Railway's command line shows nothing but
 * `errors[0].message`, and only of an HTTP 200.
 */
function graphqlErrors(refusal: Refusal): Spoken {
  const { code, hint, hold, reasons } = refusal;
  const errors = [{ message: instruction(refusal), extensions: { code: `HOLDPOINT_${code}`, hold, hint, reasons } }];
  return {
    status: 200,
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: JSON.stringify({ data: null, errors }),
  };
}

/** `HELD hp_7K3QXM: this would … . Stop here; …` */
export function instruction(refusal: Refusal): string {
  const hold = refusal.hold === undefined ? '' : ` ${refusal.hold}`;
  return notRewritten(`${refusal.code}${hold}: ${stopped(refusal.detail)} ${capital(stopped(refusal.hint))}`);
}

/** Railway's command line replaces messages that have these words by advice to log in again, and drops ours. */
function notRewritten(text: string): string {
  return text
    .replaceAll(/not authorized|unauthorized/gi, 'not permitted')
    .replaceAll(/project token not found/gi, 'no such project token');
}

function stopped(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
