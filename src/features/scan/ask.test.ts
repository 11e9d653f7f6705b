import { describe, expect, it } from 'vitest';
import { askAll } from './ask.ts';
import { askProvider, beginsLike } from './ask-provider.ts';
import { Fingerprints, findingId, type Found, type Place, Secret } from './finding.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Asking, Reach } from '../../contract/reach.ts';
import { LineBroken } from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';
import type { Reversibility } from '../../model/reversibility.ts';

const reach: Reach = {
  provider: 'railway',
  kind: 'account',
  presented: 'bearer',
  sees: 'all',
  owner: 'Mira',
  environments: [
    { ...one('a', 'production', true), backups: 7 },
    { ...one('b', 'staging', false), backups: undefined },
  ],
  whole: true,
  power: { mutations: 230, of: 230, irreversible: 174, certainty: 'inferred', why: 'no scope' },
  backups: { count: 7, more: false, schedules: 1, certainty: 'proven' },
  madeFor: undefined,
  also: [],
};

function one(id: string, name: string, production: boolean) {
  return {
    id,
    name,
    project: { id: 'p', name: 'pocketos' },
    production,
    productionIs: 'assumed' as const,
    services: 1,
    volumes: 1,
  };
}

/** A provider whose messages are what their `is` says. */
function provider(ask: () => Looking<Reach | undefined>): Provider {
  return {
    name: 'railway',
    introspection: {
      kinds: () => ['bearer'],
      ask,
      purposeIn: (text: string) =>
        text.includes('domains')
          ? { name: text, preset: 'railway:domains', needs: 4, certainty: 'assumed' as const }
          : undefined,
      rotateAt: () => '',
    },
    read: (message: Message) => ({
      actions: message['is'] === 'nothing' ? [] : [{ reversibility: message['is'] as Reversibility }],
    }),
  } as unknown as Provider;
}

function line(sent: Message[], broken = false) {
  return async () => ({
    send: async (message: Message) => {
      if (broken) throw new LineBroken('unknown', 'broken');
      sent.push(message);
      return { protocol: 'x', content: null };
    },
    close: async () => undefined,
  });
}

const question = { environments: [], matches: () => false };

describe('asking what a credential can do', () => {
  it.each(['reversible', 'irreversible', 'unknown', 'provisional', 'recoverable', 'nothing'])(
    'N1: a look-up that is %s is not sent',
    async (is) => {
      const sent: Message[] = [];
      const asking = await askProvider(
        provider(function* () {
          yield { message: { protocol: 'x', is }, purpose: 'a trap' };
          return reach;
        }),
        line(sent),
        question,
      );
      expect(sent).toEqual([]);
      expect(asking).toEqual({ kind: 'not-asked', why: 'the look-up about a trap is not a read, so it was not sent' });
    },
  );

  it('N1: whatever goes wrong is not asked, and never good news', async () => {
    const endless = provider(function* (): Looking<undefined> {
      for (;;) yield { message: { protocol: 'x', is: 'read' }, purpose: 'on and on' };
    });
    expect((await askProvider(endless, line([]), question)).kind).toBe('not-asked');
    const throws = provider(() => {
      throw new Error('a secret thing');
    });
    expect(await askProvider(throws, line([]), question)).toEqual({
      kind: 'not-asked',
      why: 'railway could not be asked',
    });
    expect((await askProvider(endless, line([], true), question)).kind).toBe('not-asked');
    const { introspection: _, ...mute } = provider(() => {
      throw new Error('not reached');
    });
    expect((await askProvider(mute, line([]), question)).kind).toBe('not-asked');
  });

  it('N1: the same credential in two places is asked about once, and another one apart', async () => {
    const asked: string[] = [];
    const found = [at('/a/.env', 'x'), at('/a/scripts/domains.sh', 'x'), at('/b', 'y'), at('/c', 'z', 'github')];
    const answered = await askAll(found, {
      providers: [provider(never)],
      ask: async (_, secret): Promise<Asking> => {
        asked.push(secret.reveal());
        return secret.reveal() === 'x' ? { kind: 'answered', reach } : { kind: 'not-asked', why: 'it is down' };
      },
    });
    expect(asked).toEqual(['x', 'y']);
    const [env, domains, other, github] = answered.map((each) => each.finding.facts);
    expect(env?.find((fact) => fact.about === 'power')).toMatchObject({ holds: true, certainty: 'assumed' });
    expect(env?.find((fact) => fact.about === 'backups')).toMatchObject({ holds: true, certainty: 'proven' });
    expect(env?.find((fact) => fact.about === 'environments')?.environments).toHaveLength(2);
    expect(domains?.find((fact) => fact.about === 'purpose')?.says).toContain('needs 4');
    expect(other).toEqual([{ about: 'form', says: 'not asked: it is down', certainty: 'assumed' }]);
    expect(github).toEqual([]);
    expect(JSON.stringify(answered)).not.toMatch(/"(x|y|z)"/);
  });

  it('N1: what a provider shows of a token is its beginning, and not all or nearly nothing of it', () => {
    expect(beginsLike('1a2b3c4d', '1a2b…')).toBe(true);
    expect(beginsLike('1a2b3c4d', '1a2b****')).toBe(true);
    for (const shown of ['1a2b3c4d', '1a2…', '', '…', '****', '9a2b…'])
      expect(beginsLike('1a2b3c4d', shown)).toBe(false);
  });
});

function never(): Looking<undefined> {
  throw new Error('not reached');
}

const fingerprints = new Fingerprints();

function at(path: string, value: string, kind: 'railway' | 'github' = 'railway'): Found {
  const place: Place = { kind: 'file', path, line: 1, column: 1 };
  const secret = new Secret(value);
  return {
    secret,
    finding: {
      id: findingId(kind, place),
      kind,
      place,
      masked: '',
      fingerprint: fingerprints.of(secret),
      certainty: 'inferred',
      why: '',
      facts: [],
    },
  };
}
