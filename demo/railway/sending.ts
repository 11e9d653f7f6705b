import { isObject, type Json, type JsonObject } from './json.ts';
import type { Double } from './double.ts';

export interface Answer {
  readonly status: number;
  readonly data: JsonObject | null;
  readonly errors: readonly Json[];
}

export interface Credential {
  /** null sends none; the account's when absent. */
  readonly token?: string | null;
  /** `authorization` when absent. */
  readonly header?: string;
}

/** Sends one GraphQL request as JSON, as a script with `curl` would. For tests and the re-enactment. */
export async function send(
  double: Pick<Double, 'url' | 'tokens'>,
  request: { readonly query: string; readonly variables?: Json; readonly operationName?: string },
  credential: Credential = {},
): Promise<Answer> {
  const token = credential.token === undefined ? double.tokens.account : credential.token;
  const header = credential.header ?? 'authorization';
  const value = header === 'authorization' ? `Bearer ${token}` : String(token);
  const response = await fetch(double.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { [header]: value }) },
    body: JSON.stringify(request),
  });
  const body = (await response.json()) as Json;
  const data = isObject(body) && isObject(body['data']) ? body['data'] : null;
  const errors = isObject(body) && Array.isArray(body['errors']) ? (body['errors'] as readonly Json[]) : [];
  return { status: response.status, data, errors };
}

export function messages(answer: Answer): readonly string[] {
  return answer.errors.map((error) =>
    isObject(error) && typeof error['message'] === 'string' ? error['message'] : '',
  );
}
