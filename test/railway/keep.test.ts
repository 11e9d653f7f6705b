import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../incident/stage.ts';
import type { Reach } from '../../src/contract/reach.ts';
import { openAsker } from '../../src/daemon/asking.ts';
import { type Config, readConfig } from '../../src/daemon/config.ts';
import { heldAgainst } from '../../src/daemon/keeping.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

interface Given {
  readonly name: string;
  readonly environment: string;
  readonly kind: string;
  readonly reach: string;
  readonly more?: JsonObject;
}

/** Signs that a credential is kept; gives what the daemon answered or why it refused. */
async function keep(secret: string, given: Given): Promise<JsonObject & { readonly refused?: string }> {
  const { more = {}, ...rest } = given;
  const secretHash = createHash('sha256').update(secret).digest('hex');
  try {
    const answer = await stage.act(
      'vault-add',
      { provider: 'railway', note: '', ...rest, ...more, secretHash },
      secret,
    );
    return answer as JsonObject;
  } catch (refused) {
    return { refused: String(refused) };
  }
}

/** Configures an upstream for each of these names at the double, or at an address where nobody is. */
async function configure(names: { readonly [name: string]: string }, port = stage.double.port): Promise<void> {
  const { staging, production } = stage.double.ids.environments;
  const text = `version: 1
environments:
  staging: { production: false, railway: [${staging}] }
  production: { production: true, railway: [${production}] }
  elsewhere: { production: false }
upstreams:
${Object.entries(names)
  .map(
    ([name, environment]) =>
      `  ${name}: { provider: railway, environment: ${environment}, credential: "vault:${name}", address: "http://127.0.0.1:${port}", private: true }`,
  )
  .join('\n')}
`;
  await stage.act('apply', { text, policies: {} });
}

describe('a credential on its way into the vault', () => {
  it('E1: is held against what its provider answers, and refused where it reaches another environment', async () => {
    await configure({ a: 'production', b: 'staging', c: 'elsewhere' });
    const { tokens } = stage.double;
    const project = { kind: 'project-access-token', reach: 'environment' };
    const wrong = await keep(tokens.staging, { name: 'a', environment: 'production', ...project });
    expect(wrong.refused).toContain('it does not reach environment `production`');
    expect(wrong.refused).toContain('pocketos/staging');

    const right = await keep(tokens.staging, { name: 'b', environment: 'staging', ...project });
    expect(right['notes']).toEqual([]);
    expect(right['asking']).toMatchObject({ kind: 'answered', reach: { kind: 'project', sees: 'environment' } });

    const unbound = await keep(tokens.staging, { name: 'c', environment: 'elsewhere', ...project });
    expect(unbound['notes']).toEqual([
      'environment elsewhere is bound to no id of railway yet, so it was not compared',
    ]);
    const { entries } = (await stage.api('GET', '/v1/vault')).body as { entries: { name: string }[] };
    expect(entries.map((one) => one.name)).not.toContain('a');
  });

  it('E1: is flagged where it reaches several environments, and refused where its reach was said smaller', async () => {
    await configure({ d: 'staging' });
    const { tokens } = stage.double;
    const small = await keep(tokens.account, {
      name: 'd',
      environment: 'staging',
      kind: 'bearer',
      reach: 'environment',
    });
    expect(small.refused).toContain('its reach was said to be `environment`');
    const wide = await keep(tokens.account, { name: 'd', environment: 'staging', kind: 'bearer', reach: 'all' });
    expect(wide['notes']).toEqual([
      'it reaches 5 environments, production and others among them: one credential for each is safer',
    ]);
    const asked = (await stage.api('GET', '/v1/vault/d/reach')).body as { asking: { reach: Reach } };
    expect(asked.asking.reach.environments.filter((one) => one.productionIs === 'proven')).toHaveLength(2);
    expect(JSON.stringify(asked)).not.toContain(tokens.account);
  });

  it('C1: is refused where the provider does not take it, and kept as not asked where nobody answers', async () => {
    await configure({ e: 'staging' });
    const given = { name: 'e', environment: 'staging', kind: 'bearer', reach: 'all' };
    const stale = await keep('00000000-0000-4000-8000-000000000000', given);
    expect(stale.refused).toContain('does not take it as bearer');
    stage.double.fail({ next: 'http500' });
    const down = await keep(stage.double.tokens.account, given);
    expect(down['notes']).toEqual([expect.stringContaining('not asked what it reaches')]);

    await configure({ f: 'staging' }, 9);
    const nobody = await keep(stage.double.tokens.account, { ...given, name: 'f' });
    expect(nobody['notes']).toEqual(['not asked what it reaches: railway did not answer']);
  });

  it('C1: is asked about once somebody signed, not before, and not where it was said not to', async () => {
    await configure({ g: 'staging' });
    const given = { name: 'g', environment: 'staging', kind: 'bearer', reach: 'all' };
    const from = stage.double.log.length;
    const statement = {
      kind: 'vault-add',
      body: { provider: 'railway', note: '', ...given, secretHash: createHash('sha256').update('x').digest('hex') },
      signer: 'sg_nobody',
      signedAt: new Date().toISOString(),
      number: 'AAAAAAAAAAAAAAAAAAAAAA',
    };
    const forged = { act: { statement, signature: 'AAAA' }, secret: 'x' } as { [key: string]: Json };
    expect((await stage.api('POST', '/v1/acts', forged)).status).toBe(403);
    const quiet = await keep(stage.double.tokens.account, { ...given, more: { ask: false } });
    expect(quiet['notes']).toEqual(['not asked what it reaches: it was said not to']);
    expect(stage.double.log.length).toBe(from);
  });

  it('T0 keeps none that reaches production, whatever environment it is said to be for', async () => {
    const { staging } = stage.double.ids.environments;
    const config = (more = ''): Config =>
      readConfig(`version: 1\nenvironments:\n  staging: { production: false, railway: [${staging}] }\n${more}`);
    const asker = openAsker(stage.daemon.api.providers);
    const route = { address: `http://127.0.0.1:${stage.double.port}`, allowPrivate: true };
    const asking = await asker.ask({ provider: 'railway', secret: stage.double.tokens.account, route }, []);
    await asker.close();
    const declared = { name: 'h', provider: 'railway', environment: 'staging', kind: 'bearer', reach: 'all' } as const;
    expect(() => heldAgainst(declared, asking, config(), 'T0')).toThrow(
      'this one reaches `pocketos/production`, which counts as production',
    );
    expect(heldAgainst(declared, asking, config(), 'T1')).toHaveLength(1);
    const upstream = `upstreams:\n  h: { provider: railway, environment: staging, credential: "vault:h", address: "http://127.0.0.1:1", private: true }\n`;
    expect(heldAgainst(declared, asking, config(upstream), 'T0')).toHaveLength(1);
  });

  it('C1: an agent is told nothing of what credentials reach or were moved, and gets none back', async () => {
    const token = await stage.token('asking', { presets: ['railway:all'], environments: ['staging'] });
    const asked = { name: 'b', provider: 'railway', secret: stage.double.tokens.account };
    for (const [method, path, body] of [
      ['POST', '/v1/reach', asked],
      ['GET', '/v1/vault/b/reach', undefined],
      ['GET', '/v1/moves', undefined],
      ['POST', '/v1/moves', asked],
    ] as const) {
      const answer = await fetch(`${stage.daemon.addresses.api}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(answer.status, `${method} ${path}`).toBe(403);
    }
    await expect(stage.act('move-back', { id: 'fd_000000000000' })).rejects.toThrow('nothing was moved under');
  });

  it('J1: what was asked is in the journal, without the secret', async () => {
    const found = await stage.daemon.road.store.find('entries', { where: { 'entry.kind': 'vault-changed' } });
    const text = JSON.stringify(found);
    expect(text).toContain('an account token: can call 230 mutations in 5 environments');
    for (const token of Object.values(stage.double.tokens)) expect(text).not.toContain(token);
  });
});
