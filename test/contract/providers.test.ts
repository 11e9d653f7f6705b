import { describe, expect, it } from 'vitest';
import type { Provider } from '../../src/contract/provider.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import { canonicalJson } from '../../src/model/json.ts';
import { refusalIn, Refused } from '../../src/model/refusal.ts';
import { railway } from '../../src/providers/railway/index.ts';

const http = (provider: Provider, body: string): HttpMessage => ({
  protocol: 'http',
  method: 'POST',
  origin: `https://${provider.hosts[0] ?? ''}`,
  path: '/graphql/v2',
  headers: [['content-type', 'application/json']],
  body: Buffer.from(body),
});

const samples: {
  readonly [provider: string]: {
    readonly harmless: HttpMessage;
    readonly destructive: HttpMessage;
    readonly unknown: HttpMessage;
  };
} = {
  railway: {
    harmless: http(railway, '{"query":"query { environment(id: \\"e\\") { id name } }"}'),
    destructive: http(railway, '{"query":"mutation { volumeDelete(volumeId: \\"v\\") }"}'),
    unknown: http(railway, '{"query":"mutation { volumeObliterate(volumeId: \\"v\\") }"}'),
  },
};

for (const provider of [railway]) {
  const sample = samples[provider.name];
  describe(`provider contract: ${provider.name}`, () => {
    it('has samples here', () => expect(sample).toBeDefined());
    if (sample === undefined) return;

    it('names every operation once, with a class and a reason (K6)', () => {
      const names = provider.catalogue.map((one) => one.operation);
      expect(new Set(names).size).toBe(names.length);
      expect(names.length).toBeGreaterThan(200);
      for (const one of provider.catalogue) {
        expect(one.operation.startsWith(`${provider.name}:`)).toBe(true);
        expect(one.why).not.toBe('');
      }
    });
    it('knows every operation that its presets name (C2)', () => {
      const names = new Set(provider.catalogue.map((one) => one.operation));
      for (const operations of Object.values(provider.presets))
        for (const one of operations) expect(names.has(one)).toBe(true);
    });
    it('reads purely: the plan of a reading reads as itself (K1)', () => {
      for (const message of [sample.harmless, sample.destructive]) {
        const first = provider.read(message);
        const [step] = first.plan.steps;
        if (step === undefined) throw new Error('the plan is empty');
        const second = provider.read(step);
        expect(canonicalJson(second.plan as never)).toBe(canonicalJson(first.plan as never));
        expect(second.actions).toEqual(first.actions);
      }
    });
    it('tells what destroys from what reads (K1)', () => {
      expect(provider.read(sample.harmless).actions.every((one) => one.reversibility === 'read')).toBe(true);
      expect(provider.read(sample.destructive).actions.some((one) => one.reversibility === 'irreversible')).toBe(true);
    });
    it('refuses the unknown and the unreadable, and throws nothing else (K2)', () => {
      const hostile = [
        sample.unknown,
        http(provider, ''),
        http(provider, '{'),
        http(provider, '[]'),
        http(provider, '{"query":"\\u0000"}'),
        http(provider, `{"query":"${'{ a '.repeat(5_000)}"}`),
        { ...sample.destructive, path: '/elsewhere' },
        { ...sample.destructive, method: 'DELETE' },
      ];
      for (const message of hostile) {
        let thrown: unknown;
        try {
          provider.read(message);
        } catch (cause) {
          thrown = cause;
        }
        expect(thrown, Buffer.from(message.body).toString().slice(0, 60)).toBeInstanceOf(Refused);
        expect(refusalIn(thrown).code).toBe('BAD_REQUEST');
      }
    });
  });
}
