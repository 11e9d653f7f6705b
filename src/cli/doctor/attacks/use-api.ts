import { readFileSync } from 'node:fs';
import { ask } from './ask.ts';
import { attempt, type Target, type Try } from '../target.ts';

/** Routes that are for humans: looking, deciding, stopping. None of them does anything without a body that is whole. */
const routes = [
  ['GET', '/v1/holds'],
  ['GET', '/v1/tokens'],
  ['GET', '/v1/journal/export'],
  ['POST', '/v1/holds/hp_000000/approve'],
  ['POST', '/v1/holds/hp_000000/deny'],
  ['POST', '/v1/doctor/kept'],
] as const;

/** A human's token by its shape, of nobody. */
const madeUp = `hph_${'0'.repeat(26)}_${'A'.repeat(43)}`;

/** Speaks to the API with nothing, with a token that it made up, and with the human's where it can be read. */
export const useApi: Try = async (target) => {
  const tokens = [undefined, madeUp, foundToken(target)];
  let answered = 0;
  for (const [at, token] of tokens.entries()) {
    if (at === 2 && token === undefined) continue;
    for (const [method, path] of routes) {
      const given = { ...(token === undefined ? {} : { token }), ...(method === 'POST' ? { body: {} } : {}) };
      const { status } = await ask(method, `${target.api}${path}`, given);
      if (status !== undefined) answered += 1;
      // Only who is taken for a human is told what else is wrong.
      if (status !== undefined && status !== 401 && status !== 403 && status < 500)
        return [attempt('use-api', 'succeeded', `${method} ${path} ${words[at] ?? ''}: ${status}`)];
    }
  }
  if (answered < 2 * routes.length) return [attempt('use-api', 'unclear', 'the API does not answer everything')];
  return [attempt('use-api', 'refused', `${answered} requests, none taken for a human’s`)];
};

const words = ['without a token', 'with a token that was made up', 'with the human’s token, which it could read'];

function foundToken({ humanToken }: Target): string | undefined {
  try {
    return readFileSync(humanToken, 'utf8').trim();
  } catch {
    return undefined;
  }
}
