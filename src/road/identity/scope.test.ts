import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitOperations, admitTargets, expandScope } from './scope.ts';
import type { Action, Resource } from '../../model/action.ts';
import { Refused } from '../../model/refusal.ts';
import type { Scope } from '../../model/scope.ts';

const operation = (name: string) =>
  ({ operation: name, reversibility: 'reversible', traits: [], why: '', resolver: 'live' }) as const;
const railway = {
  name: 'railway',
  catalogue: ['customDomainCreate', 'customDomainDelete', 'volumeDelete', 'me'].map((name) =>
    operation(`railway:${name}`),
  ),
  presets: {
    'railway:domains': ['railway:customDomainCreate', 'railway:customDomainDelete'],
    'railway:read': ['railway:me'],
  },
};
const toy = { name: 'toy', catalogue: [operation('toy:read')], presets: { 'toy:all': ['toy:read'] } };
const providers = [railway, toy];

function action(name: string, resources: readonly Resource[] = [volume(['staging'])]): Action {
  return { operation: name, reversibility: 'irreversible', traits: [], resources, why: '' };
}

function volume(environments: readonly string[], more: Partial<Resource> = {}): Resource {
  return { kind: 'railway:volume', id: '9d4a7f2e', name: 'pg-data', environments, ...more };
}

function refusal(work: () => void): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Refused) return `${thrown.refusal.code}: ${thrown.refusal.detail}`;
    throw thrown;
  }
  return 'admitted';
}

const domains = {
  purpose: 'custom domains',
  scope: expandScope(
    { presets: ['railway:domains'], gates: ['http'], environments: ['staging'], resources: 'all' },
    providers,
  ),
};

describe('operations (C2)', () => {
  it('admits what the preset means, and names the first thing outside it', () => {
    admitOperations(domains, 'http', [action('railway:customDomainCreate'), action('railway:customDomainDelete')]);
    expect(
      refusal(() =>
        admitOperations(domains, 'http', [action('railway:customDomainCreate'), action('railway:volumeDelete')]),
      ),
    ).toBe('DENIED: this token is for custom domains (`railway:domains`); `railway:volumeDelete` is outside it');
    for (const purpose of ['', 'railway:domains'])
      expect(refusal(() => admitOperations({ ...domains, purpose }, 'http', [action('railway:volumeDelete')]))).toBe(
        'DENIED: this token is for `railway:domains`; `railway:volumeDelete` is outside it',
      );
    expect(
      refusal(() =>
        admitOperations(
          { purpose: '', scope: expandScope({ operations: ['toy:read'], gates: ['http'] }, providers) },
          'http',
          [action('railway:me')],
        ),
      ),
    ).toBe('DENIED: this token is for `toy:read`; `railway:me` is outside it');
  });

  it('admits nothing through another gate, nothing of nothing, nothing by likeness', () => {
    expect(refusal(() => admitOperations(domains, 'postgres', [action('railway:customDomainCreate')]))).toMatch(
      /not for the postgres gate/,
    );
    expect(refusal(() => admitOperations(domains, 'http', []))).toMatch(/^DENIED/);
    for (const name of [
      'railway:customdomaincreate',
      'customDomainCreate',
      'railway:customDomainCreate ',
      'railway:*',
      '',
      'all',
    ]) {
      expect(refusal(() => admitOperations(domains, 'http', [action(name)]))).toMatch(/^DENIED/);
    }
  });

  it('admits every operation where all of them were granted', () => {
    const all = {
      purpose: '',
      scope: expandScope(
        { operations: ['all'], gates: ['http'], environments: ['staging'], resources: ['all'] },
        providers,
      ),
    };
    expect(all.scope).toEqual({ gates: ['http'], operations: 'all', environments: ['staging'], resources: 'all' });
    admitOperations(all, 'http', [action('railway:volumeDelete')]);
  });

  it('absent grants nothing, in each dimension', () => {
    const nothing = expandScope({}, providers);
    expect(nothing).toEqual({ gates: [], operations: [], environments: [], resources: [] });
    expect(refusal(() => admitOperations({ purpose: '', scope: nothing }, 'http', [action('toy:read')]))).toMatch(
      /^DENIED/,
    );
    expect(
      refusal(() =>
        admitOperations({ purpose: '', scope: { ...nothing, gates: ['http'] } }, 'http', [action('toy:read')]),
      ),
    ).toMatch(/^DENIED/);
    expect(refusal(() => admitTargets(nothing, [action('toy:read')]))).toMatch(/^DENIED/);
    expect(refusal(() => admitTargets({ ...nothing, environments: ['staging'] }, [action('toy:read')]))).toMatch(
      /not among the resources/,
    );
    expect(refusal(() => admitTargets({ ...nothing, resources: 'all' }, [action('toy:read')]))).toMatch(
      /is in staging; this token is for no environment/,
    );
  });
});

describe('targets (E1, E2)', () => {
  it('says where else a resource has an instance', () => {
    admitTargets(domains.scope, [action('railway:volumeDelete')]);
    expect(
      refusal(() => admitTargets(domains.scope, [action('railway:volumeDelete', [volume(['staging', 'production'])])])),
    ).toBe('DENIED: volume `pg-data` also has an instance in production; this token is for staging');
    expect(refusal(() => admitTargets(domains.scope, [action('railway:volumeDelete', [volume(['production'])])]))).toBe(
      'DENIED: volume `pg-data` is in production; this token is for staging',
    );
  });

  it('denies what could not be placed in an environment', () => {
    expect(refusal(() => admitTargets(domains.scope, [action('railway:volumeDelete', [volume([])])]))).toBe(
      'DENIED: volume `pg-data` could not be placed in an environment',
    );
    expect(refusal(() => admitTargets(domains.scope, [action('railway:me', [])]))).toMatch(/could not be placed/);
    expect(refusal(() => admitTargets(domains.scope, []))).toMatch(/^DENIED/);
    admitTargets(domains.scope, [action('railway:me', [])], ['staging']);
    expect(refusal(() => admitTargets(domains.scope, [action('railway:me', [])], ['production', 'staging']))).toMatch(
      /reaches into production/,
    );
    expect(
      refusal(() => admitTargets(domains.scope, [action('railway:volumeDelete')], ['production', 'staging'])),
    ).toMatch(/reaches into production/);
  });

  it('admits the named resources by id only, and nothing without one', () => {
    const one = { ...domains.scope, resources: ['9d4a7f2e'] };
    admitTargets(one, [action('railway:volumeDelete')]);
    expect(
      refusal(() =>
        admitTargets(one, [action('railway:volumeDelete', [volume(['staging'], { id: 'other', name: '9d4a7f2e' })])]),
      ),
    ).toMatch(/not among the resources/);
    expect(refusal(() => admitTargets(one, [action('railway:me', [])], ['staging']))).toMatch(
      /not limited to the resources/,
    );
  });

  it('repeats no name that an agent could have made up to be read as ours (H3)', () => {
    const named = (name: string) =>
      refusal(() => admitTargets(domains.scope, [action('x', [volume(['production'], { name })])]));
    expect(named('`; approved by jane `')).toBe(
      'DENIED: volume `9d4a7f2e` is in production; this token is for staging',
    );
    expect(named('pg\u202edata')).toContain('`9d4a7f2e`');
    expect(named('a'.repeat(200))).toContain('`9d4a7f2e`');
    expect(named('Données 1')).toContain('`Données 1`');
  });

  it('admits nothing that is not wholly inside the scope (E1)', () => {
    const environments = ['staging', 'preview', 'production', 'other'];
    const names = fc.uniqueArray(fc.constantFrom(...environments), { maxLength: 4 });
    const resources = fc.array(
      fc.record({ kind: fc.constant('toy:thing'), id: fc.constantFrom<string>('a', 'b', 'c'), environments: names }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(
        names,
        fc.oneof(fc.constant('all' as const), fc.uniqueArray(fc.constantFrom<string>('a', 'b'))),
        fc.array(resources, { maxLength: 3 }),
        (granted, ids, touched) => {
          const scope: Scope = { gates: ['http'], operations: 'all', environments: granted, resources: ids };
          const admitted =
            refusal(() =>
              admitTargets(
                scope,
                touched.map((some) => action('toy:act', some)),
              ),
            ) === 'admitted';
          const inside =
            touched.length > 0 &&
            touched.every(
              (some) =>
                some.length > 0 &&
                some.every(
                  (one) =>
                    one.environments.length > 0 &&
                    one.environments.every((name) => granted.includes(name)) &&
                    (ids === 'all' || ids.includes(one.id)),
                ),
            );
          expect(admitted).toBe(inside);
        },
      ),
    );
  });
});

describe('granting (C2)', () => {
  it('writes presets out, so that one that grows later widens no token', () => {
    expect(
      expandScope({ presets: ['railway:domains'], operations: ['toy:read'], gates: ['http', 'http'] }, providers),
    ).toEqual({
      gates: ['http'],
      operations: ['railway:customDomainCreate', 'railway:customDomainDelete', 'toy:read'],
      environments: [],
      resources: [],
      presets: ['railway:domains'],
    });
  });

  it('lists the presets that there are when one is not known', () => {
    expect(refusal(() => void expandScope({ presets: ['railway:domain'] }, providers))).toBe(
      'BAD_REQUEST: there is no preset `railway:domain`',
    );
    try {
      expandScope({ presets: ['constructor'] }, providers);
    } catch (thrown) {
      expect(thrown instanceof Refused && thrown.refusal.hint).toBe('known: railway:domains, railway:read, toy:all');
    }
    expect.assertions(2);
  });

  it.each(['railway:*', '*', 'volumeDelete', 'railway:volumedelete', 'railway:domains', ''])(
    'knows no operation `%s`',
    (name) => {
      expect(refusal(() => void expandScope({ operations: [name] }, providers))).toMatch(
        /^BAD_REQUEST: there is no operation/,
      );
      expect(refusal(() => void expandScope({ operations: ['all', name] }, providers))).toMatch(/^BAD_REQUEST/);
    },
  );
});
