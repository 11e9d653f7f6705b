import { expect, test } from 'vitest';
import type { ApiParts } from './context.ts';
import { apiRoutes } from './openapi.ts';
import { apiApp } from './server.ts';
import { refusalIn } from '../../model/refusal.ts';

/** Enough for the routes to be declared, and for nothing that is let through to be answered. */
const app = apiApp({
  hosts: ['localhost'],
  road: { diagnose: () => undefined },
  refusals: { refused: async (thrown: unknown) => refusalIn(thrown) },
} as unknown as ApiParts);

test('the document names every route that there is, and no other', () => {
  const served = app.routes
    .filter((one) => one.method !== 'ALL' && one.path !== '/openapi.json')
    .map((one) => `${one.method.toLowerCase()} ${one.path.replaceAll(/:(\w+)/g, '{$1}')}`);
  expect(new Set(served)).toEqual(new Set(apiRoutes.map(([method, path]) => `${method} ${path}`)));
});

test('C2: every route that the document does not give to anyone wants a token', async () => {
  const guarded = apiRoutes.filter(([, , who]) => who !== 'anyone');
  expect(guarded.length).toBe(apiRoutes.length - 2);
  for (const [method, path] of guarded) {
    const url = `http://localhost${path.replaceAll(/\{\w+\}/g, 'x')}`;
    const answer = await app.request(url, { method: method.toUpperCase(), headers: { host: 'localhost' } });
    expect([path, answer.status]).toEqual([path, 401]);
    expect(await answer.json()).toMatchObject({ code: 'HOLDPOINT_BAD_TOKEN' });
  }
});
