import type { Entry } from '../../model/entry.ts';
import type { Json } from '../../model/json.ts';

/** Members of a journaled body, read as what they should be; what is something else is as if it were not there. */
export function textIn(body: unknown, member: string): string {
  const value = memberOf(body, member);
  return typeof value === 'string' ? value : '';
}

export function textsIn(body: unknown, member: string): readonly string[] {
  const value = memberOf(body, member);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function memberOf(body: unknown, member: string): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, member)
    ? (body as { readonly [key: string]: unknown })[member]
    : undefined;
}

export function listIn(body: unknown, member: string): readonly unknown[] {
  const value = memberOf(body, member);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** Every message of a journaled plan, in words; bytes that are no text are said to be none. */
export function messagesIn(plan: unknown): readonly string[] {
  return listIn(plan, 'steps').map((step) => {
    if (textIn(step, 'protocol') !== 'http') return JSON.stringify(step as Json);
    const headers = listIn(step, 'headers').map((pair) => (Array.isArray(pair) ? pair.map(String).join(': ') : ''));
    const head = `${textIn(step, 'method')} ${textIn(step, 'origin')}${textIn(step, 'path')}`;
    return [head, ...headers, '', bodyText(textIn(step, 'body'))].join('\n').trimEnd();
  });
}

function bodyText(base64url: string): string {
  const bytes = Buffer.from(base64url, 'base64url');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return `(${bytes.length} bytes that are no text)`;
  }
}

/** What an action hits: `volume pg-data (id) in production`. */
export function resourcesIn(actions: readonly unknown[]): readonly string[] {
  return actions.flatMap((action) =>
    listIn(action, 'resources').map((one) => {
      const kind = textIn(one, 'kind');
      const name = textIn(one, 'name');
      const id = textIn(one, 'id');
      const where = textsIn(one, 'environments').join(' and ');
      const called = name === '' ? id : `${name} (${id})`;
      return `${kind.slice(kind.indexOf(':') + 1)} ${called}${where === '' ? '' : ` in ${where}`}`;
    }),
  );
}

export function operationsIn(actions: readonly unknown[]): readonly string[] {
  return actions.map((action) => textIn(action, 'operation'));
}

export function requestIn(entry: Entry): unknown {
  return memberOf(entry.body, 'request');
}
