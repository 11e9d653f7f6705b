import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Double, startDouble, validArguments } from './double.ts';
import { messages, send } from './sending.ts';
import { extentOf } from './volumes.ts';

let double: Double;

beforeAll(async () => {
  double = await startDouble();
});

afterAll(() => double.stop());

beforeEach(() => double.reset());

function backupsIn(environment: 'production' | 'staging'): readonly string[] {
  return fs.readdirSync(path.join(double.volumeFolder(environment), 'backups'));
}

describe('24 April 2026', () => {
  it('S1 one volumeDelete removes the files of both environments and the seven backups inside', async () => {
    expect(backupsIn('production')).toHaveLength(7);
    expect(fs.existsSync(path.join(double.volumeFolder('staging'), 'data', 'reservations'))).toBe(true);
    const held = await extentOf(path.dirname(double.volumeFolder('production')));
    const mark = double.log.length;

    const query = `mutation { volumeDelete(volumeId: "${double.ids.volume}") }`;
    expect((await send(double, { query }, { token: double.tokens.domains })).data).toEqual({ volumeDelete: true });

    expect(fs.existsSync(double.volumeFolder('production'))).toBe(false);
    expect(fs.existsSync(double.volumeFolder('staging'))).toBe(false);
    expect(fs.existsSync(path.dirname(double.volumeFolder('production')))).toBe(false);
    expect(double.state.list('backups')).toHaveLength(0);
    const destroyed = double.log.slice(mark).filter((entry) => entry.kind === 'destruction');
    expect(destroyed).toMatchObject([{ what: 'volume pg-data', files: held.files, bytes: held.bytes }]);
    expect(held.files).toBe((1 + 7 + 1 + 2) * 2);
  });

  it('K3 the same happens without the word delete, in one environment, by a patch of its configuration', async () => {
    const answer = await send(double, {
      query: 'mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }',
      variables: {
        e: double.ids.environments.production,
        p: { volumes: { [double.ids.volume]: { isDeleted: true } } },
      },
    });
    expect(messages(answer)).toEqual([]);
    expect(fs.existsSync(double.volumeFolder('production'))).toBe(false);
    expect(fs.existsSync(double.volumeFolder('staging'))).toBe(true);
    expect(double.state.get('volumes', double.ids.volume)).toBeDefined();
  });

  it('K3 and by volumeInstanceUpdate with a state, in every environment when none is named', async () => {
    const answer = await send(double, {
      query: `mutation { volumeInstanceUpdate(volumeId: "${double.ids.volume}", input: { state: DELETED }) }`,
    });
    expect(messages(answer)).toEqual([]);
    expect(fs.existsSync(double.volumeFolder('production'))).toBe(false);
    expect(fs.existsSync(double.volumeFolder('staging'))).toBe(false);
  });

  it.each(['projectDelete', 'environmentDelete', 'workspaceDelete'])('%s takes the volumes along', async (name) => {
    expect(messages(await send(double, validArguments(name, double)))).toEqual([]);
    expect(fs.existsSync(double.volumeFolder('production'))).toBe(false);
  });
});

describe('backups', () => {
  it('a restore brings the data back and removes the newer backups', async () => {
    const file = path.join(double.volumeFolder('production'), 'data', 'reservations');
    const content = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, 'spoilt');
    const answer = await send(double, {
      query: `mutation { volumeInstanceBackupRestore(volumeInstanceId: "${double.ids.volumeInstances.production}",
        volumeInstanceBackupId: "${double.ids.backups[2] ?? ''}") { workflowId } }`,
    });
    expect(messages(answer)).toEqual([]);
    expect(fs.readFileSync(file, 'utf8')).toBe(content);
    expect([...backupsIn('production')].sort()).toEqual(double.ids.backups.slice(0, 3).toSorted());
  });

  it('K3 wipeServiceIds empties another volume on the way', async () => {
    const folder = path.join(
      double.volumeFolder('production'),
      '..',
      '..',
      double.ids.ownVolume.production,
      double.ids.environment.production['ownVolumeInstanceId'] ?? '',
      'data',
    );
    expect(fs.readdirSync(folder)).not.toEqual([]);
    await send(double, {
      query: `mutation { volumeInstanceBackupRestore(volumeInstanceId: "${double.ids.volumeInstances.production}",
        volumeInstanceBackupId: "${double.ids.backups[6] ?? ''}", wipeServiceIds: ["${double.ids.services.counter}"]) { workflowId } }`,
    });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('B4 no kinds at all switch the schedule off', async () => {
    const instance = double.ids.volumeInstances.production;
    await send(double, {
      query: `mutation { volumeInstanceBackupScheduleUpdate(volumeInstanceId: "${instance}", kinds: []) }`,
    });
    expect(double.state.list('backupSchedules', { volumeInstanceId: instance })).toEqual([]);
  });
});

describe('configuration', () => {
  it('K3 staged changes do nothing until they are committed, then what they say', async () => {
    const environmentId = double.ids.environments.staging;
    const value = () => double.state.find('variables', { environmentId, name: 'FEATURE_PICKUP' })?.['value'];
    const stage = await send(double, {
      query: `mutation ($i: EnvironmentConfig!) { environmentStageChanges(environmentId: "${environmentId}", input: $i) { id } }`,
      variables: {
        i: {
          services: {
            [double.ids.services.counter]: {
              variables: { FEATURE_PICKUP: null, NEW_ONE: { value: 'yes' } },
              deploy: { startCommand: 'node x.js' },
              networking: { tcpProxies: { '9000': {} } },
            },
            [double.ids.services.ledger]: { isDeleted: true },
          },
        },
      },
    });
    expect(messages(stage)).toEqual([]);
    expect(value()).toBe('on');
    const commit = await send(double, {
      query: `mutation { environmentPatchCommitStaged(environmentId: "${environmentId}") }`,
    });
    expect(messages(commit)).toEqual([]);
    expect(value()).toBeUndefined();
    const place = { environmentId, serviceId: double.ids.services.counter };
    expect(double.state.find('serviceInstances', place)?.['startCommand']).toBe('node x.js');
    expect(double.state.find('tcpProxies', { ...place, applicationPort: 9000 })).toBeDefined();
    expect(
      double.state.find('serviceInstances', { environmentId, serviceId: double.ids.services.ledger }),
    ).toBeUndefined();
  });

  it('a stale etag and an unknown section are refused, with nothing done', async () => {
    const version = double.state.version;
    const environmentId = double.ids.environments.staging;
    const stale = await send(double, {
      query: `mutation { environmentApplyChangeSet(environmentId: "${environmentId}", baseConfigEtag: "old", input: {}) { id } }`,
    });
    expect(messages(stale)[0]).toContain('has changed since');
    const unknown = await send(double, {
      query: `mutation { environmentPatchCommit(environmentId: "${environmentId}", patch: { mystery: { a: 1 } }) }`,
    });
    expect(messages(unknown)).toEqual(['not simulated: environment config section `mystery`']);
    expect(double.state.version).toBe(version);
  });
});
