import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPatch } from './patch.ts';

describe('what a change set would do', () => {
  it('K3, H1 is every path that it deletes, runs, writes or sets', () => {
    const read = readPatch({
      services: {
        s: {
          variables: { COLOUR: { value: 'red' }, GONE: null },
          deploy: { startCommand: 'x', healthcheckPath: '/up' },
        },
      },
      volumes: { v: { isDeleted: true } },
    });
    expect(read).toMatchObject({
      deletions: ['services.s.variables.GONE', 'volumes.v.isDeleted'],
      code: ['services.s.deploy.startCommand'],
      variables: ['services.s.variables.COLOUR', 'services.s.variables.GONE'],
      opaque: false,
    });
    expect(read.settings).toEqual([
      ['services.s.deploy.startCommand', 'x'],
      ['services.s.deploy.healthcheckPath', '/up'],
      ['volumes.v.isDeleted', 'true'],
    ]);
  });

  it('C4 a credential in it is named and not shown', () => {
    const read = readPatch({
      services: {
        s: {
          deploy: { registryCredentials: { username: 'ada', password: 'hunter2' } },
          source: { image: 'https://ada:hunter2@registry.example/x' },
          apiToken: 'hunter2',
        },
      },
    });
    expect(JSON.stringify(read)).not.toMatch(/hunter2|ada/);
    expect(read.settings.map(([path]) => path)).toContain('services.s.apiToken');
  });

  it('C4 property: no value of a variable is among what is shown', () => {
    const name = fc.stringMatching(/^[A-Za-z_]{1,8}$/);
    const value = fc.constant('THE-VALUE');
    const variable = fc.oneof(value, fc.record({ value }), fc.record({ value, isSealed: fc.boolean() }));
    const variables = fc.dictionary(name, variable, { maxKeys: 4 });
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.record({ variables }), { maxKeys: 3 }),
        variables,
        (services, sharedVariables) => {
          const read = readPatch({ services, sharedVariables });
          expect(JSON.stringify(read)).not.toContain('THE-VALUE');
        },
      ),
    );
  });

  it('K2 property: whatever it is, it is read without a throw, and what is no object is opaque', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const read = readPatch(value as never);
        if (typeof value === 'number' || typeof value === 'boolean') expect(read.opaque).toBe(true);
      }),
    );
  });
});
