import { describe, expect, it } from 'vitest';
import { holdsCredential, steersCode } from './sensitive.ts';

describe('which variables are more than settings', () => {
  it.each([
    'NODE_OPTIONS',
    'LD_AUDIT',
    'GUNICORN_CMD_ARGS',
    'JAVA_OPTS',
    'NODE_OPTIONS ',
    'NODE_OPTIONS\u200b',
    'А',
    '',
  ])('E4: %j steers code', (name) => expect(steersCode(name)).toBe(true));

  it.each(['GREETING', 'PORT', 'LOG_LEVEL', 'feature.pickup', 'API_URL', 'NEXT_PUBLIC_HOST'])(
    'H6: %j does not',
    (name) => expect(steersCode(name)).toBe(false),
  );

  it('C4: a reference to a credential is one', () => {
    expect(holdsCredential('GREETING', 'x ${{ Postgres.PGPASSWORD }} y')).toBe(true);
    expect(holdsCredential('GREETING', '${{STRIPE_SECRET}}')).toBe(true);
    expect(holdsCredential('GREETING', 'http://${{api.RAILWAY_PRIVATE_DOMAIN}}:${{api.PORT}}')).toBe(false);
  });

  it.each(['${{', '${{a.', 'a://', 'password ', '_DB', 'x'])('F3: %j over and over is read in one pass', (part) => {
    const text = part.repeat(900_000 / part.length);
    const from = performance.now();
    holdsCredential(text, text);
    steersCode(text);
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});
