import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gateDoors, openDoors } from './doors.ts';
import { destructions, filesOnDisk, mutationsRun, outcomeIn } from './outcome.ts';
import { type GraphqlAnswer, openStage, type Stage } from './stage.ts';

const volumeDelete = (volume: string): string => `mutation { volumeDelete(volumeId: "${volume}") }`;
const both = ['staging', 'production'];

const codeOf = (answer: GraphqlAnswer): string => outcomeIn(answer, 0).code;
const messageOf = (answer: GraphqlAnswer): string => outcomeIn(answer, 0).message;

/** Names of the doors, so that each is a test of its own. */
const doorNames = [
  'curl, base URL',
  'curl, proxy, backboard.railway.com',
  'curl, proxy, backboard.railway.app',
  'library, base URL',
  'library, proxy, backboard.railway.com',
  'library, proxy, backboard.railway.app',
];

describe('S1: the incident by every door', { timeout: 60_000 }, () => {
  let stage: Stage;
  let files: readonly string[];
  const tokens = { domains: '', staging: '', everything: '' };

  beforeAll(async () => {
    stage = await openStage();
    files = filesOnDisk(stage.double);
    tokens.domains = await stage.token('domains', {
      presets: ['railway:domains'],
      environments: both,
      purpose: 'custom domains',
    });
    tokens.staging = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
    tokens.everything = await stage.token('everything', { presets: ['railway:all'], environments: both });
  });
  afterAll(() => stage.close());

  afterEach(() => {
    // The far side's own word: never run, nothing destroyed, every file and backup where it was.
    expect(stage.reached('volumeDelete')).toBe(0);
    expect(mutationsRun(stage.double)).toEqual([]);
    expect(destructions(stage.double)).toBe(0);
    expect(filesOnDisk(stage.double)).toEqual(files);
    const { volumeInstances, volume } = stage.double.ids;
    expect(stage.double.state.list('backups', { volumeInstanceId: volumeInstances.production })).toHaveLength(7);
    expect(stage.double.state.get('volumes', volume)).toBeDefined();
  });

  const ask = async (door: string, name: keyof typeof tokens, query: string, token = tokens[name]) => {
    const found = gateDoors(stage, { name, token: tokens[name] }).find((one) => one.name === door);
    if (found === undefined) throw new Error(`no door \`${door}\``);
    return found.ask(token, query);
  };

  it('knows all six doors', () => {
    expect(gateDoors(stage, { name: 'x', token: 'y' }).map((one) => one.name)).toEqual(doorNames);
  });

  it.each(doorNames)('S1, C2: denied to a token for domains, by its scope: %s', async (door) => {
    const answer = await ask(door, 'domains', volumeDelete(stage.double.ids.volume));
    expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    expect(messageOf(answer)).toContain('this token is for custom domains (`railway:domains`)');
    expect(messageOf(answer)).toContain('`railway:volumeDelete` is outside it');
    expect(answer.data).toBeNull();
  });

  it.each(doorNames)('S1, E1: denied to a token for staging, naming production: %s', async (door) => {
    const answer = await ask(door, 'staging', volumeDelete(stage.double.ids.volume));
    expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    expect(messageOf(answer)).toContain('volume `pg-data` also has an instance in production');
  });

  it.each(doorNames)('S1, H5: held for the token that may, and nothing said that sounds done: %s', async (door) => {
    const answer = await ask(door, 'everything', volumeDelete(stage.double.ids.volume));
    expect(codeOf(answer)).toBe('HOLDPOINT_HELD');
    expect(messageOf(answer)).toMatch(/^HELD hp_\w{6}: this would .*Nothing was done\./);
    expect(answer.data).toBeNull();
  });

  it.each(doorNames)('S1, C3: the token of the incident is refused and reported as exposed: %s', async (door) => {
    const from = (await stage.api('GET', '/v1/journal?kind=exposure&limit=200')).body['entries'] as unknown[];
    const answer = await ask(door, 'domains', volumeDelete(stage.double.ids.volume), stage.double.tokens.domains);
    expect(codeOf(answer)).toBe('HOLDPOINT_EXPOSED_CREDENTIAL');
    const { body } = await stage.api('GET', '/v1/journal?kind=exposure&limit=200');
    const entries = body['entries'] as unknown[];
    expect(entries.length).toBe(from.length + 1);
    expect(JSON.stringify(entries)).not.toContain(stage.double.tokens.domains);
  });

  it('K4, H6: the same act is the same hold by every door', async () => {
    const holds = new Set<string>();
    for (const door of doorNames) {
      const answer = await ask(door, 'everything', volumeDelete(stage.double.ids.volume));
      holds.add(outcomeIn(answer, 0).hold);
    }
    expect(holds.size).toBe(1);
  });

  it('S4, C4: another database for production is held by every door', async () => {
    const { ids } = stage.double;
    const query = `mutation { variableUpsert(input: {projectId: "${ids.project}", environmentId: "${ids.environments.production}",
      serviceId: "${ids.services.counter}", name: "DATABASE_URL", value: "postgresql://x:y@elsewhere.example/empty"}) }`;
    for (const door of doorNames) {
      const answer = await ask(door, 'everything', query);
      expect(codeOf(answer), door).toBe('HOLDPOINT_HELD');
      expect(messageOf(answer), door).toContain('production');
    }
    expect(stage.double.state.find('variables', { value: 'postgresql://x:y@elsewhere.example/empty' })).toBeUndefined();
  });
});

describe('S1 with the guard taken away', { timeout: 60_000 }, () => {
  it.each(['curl', 'library'])('the same script destroys the volume and its backups: %s', async (name) => {
    const stage = await openStage();
    try {
      const folder = stage.double.volumeFolder('production');
      expect(filesOnDisk(stage.double).length).toBeGreaterThan(7);
      const door = openDoors(stage).find((one) => one.name === name);
      // A token made for custom domains, by its name; nothing else about it is.
      const answer = await door?.ask(stage.double.tokens.domains, volumeDelete(stage.double.ids.volume));
      expect(answer).toEqual({ data: { volumeDelete: true } });
      expect(stage.reached('volumeDelete')).toBe(1);
      expect(destructions(stage.double)).toBeGreaterThan(0);
      expect(existsSync(folder)).toBe(false);
      const { volumeInstances } = stage.double.ids;
      expect(stage.double.state.list('backups', { volumeInstanceId: volumeInstances.production })).toEqual([]);
    } finally {
      await stage.close();
    }
  });
});

describe('E3: what the agent of the incident did next', { timeout: 60_000 }, () => {
  it('E3: after a credential error it is told to stop, a human is asked, and no other route succeeds', async () => {
    const stage = await openStage();
    try {
      const files = filesOnDisk(stage.double);
      const { ids, tokens } = stage.double;
      const token = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
      const doors = gateDoors(stage, { name: 'staging', token });
      for (const door of doors) {
        stage.double.fail({ next: 'unauthorized' });
        const read = await door.ask(token, `query { volumeInstance(id: "${ids.volumeInstances.staging}") { id } }`);
        const { code, message, hold } = outcomeIn(read, 0);
        expect(code, door.name).toBe('HOLDPOINT_DENIED');
        expect(message, door.name).toContain('do not look for another credential and do not try another way');
        expect((await stage.hold(hold)).rules, door.name).toEqual(['provider-refused']);
        // The files it would search hold these; none of them leads anywhere.
        for (const found of [tokens.domains, tokens.account, tokens.workspace, tokens.production]) {
          const answer = await door.ask(found, volumeDelete(ids.volume));
          expect(codeOf(answer), door.name).toBe('HOLDPOINT_EXPOSED_CREDENTIAL');
        }
        expect(codeOf(await door.ask(token, volumeDelete(ids.volume))), door.name).toBe('HOLDPOINT_DENIED');
      }
      expect(mutationsRun(stage.double)).toEqual([]);
      expect(filesOnDisk(stage.double)).toEqual(files);
    } finally {
      await stage.close();
    }
  });
});

describe('a CI job', { timeout: 60_000 }, () => {
  it('C2: is admitted with a token of its own kind, within its scope alone', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('deployer', {
        kind: 'ci',
        presets: ['railway:deploy'],
        environments: ['staging'],
        purpose: 'deploys',
      });
      for (const door of gateDoors(stage, { name: 'deployer', token })) {
        const read = await door.ask(
          token,
          `query { environment(id: "${stage.double.ids.environments.staging}") { name } }`,
        );
        expect(read, door.name).toMatchObject({ data: { environment: { name: 'staging' } } });
        const deleted = await door.ask(token, volumeDelete(stage.double.ids.ownVolume.staging));
        expect(messageOf(deleted), door.name).toContain('`railway:volumeDelete` is outside it');
      }
      expect(stage.reached('volumeDelete')).toBe(0);
    } finally {
      await stage.close();
    }
  });
});

describe('S15: an agent with the rights of a human', { timeout: 60_000 }, () => {
  let stage: Stage;
  let human: string;
  let agent: string;

  beforeAll(async () => {
    stage = await openStage({ bindPreview: true });
    human = await stage.token('jane', { kind: 'human', presets: ['railway:all'], environments: both });
    agent = await stage.token('janes-agent', {
      presets: ['railway:all'],
      environments: ['staging'],
      purpose: 'fix the cost report, for jane',
    });
  });
  afterAll(() => stage.close());
  afterEach(() => {
    expect(stage.reached('environmentDelete') + stage.reached('environmentCreate')).toBe(0);
    expect(destructions(stage.double)).toBe(0);
  });

  const environmentDelete = (id: string): string => `mutation { environmentDelete(id: "${id}") }`;
  const recreate = (stage: Stage, from: string): string =>
    `mutation { environmentCreate(input: {projectId: "${stage.double.ids.project}", name: "production", sourceEnvironmentId: "${from}"}) { id } }`;

  it("S15: the agent's own scope decides, not that its human may do everything", async () => {
    const { environments } = stage.double.ids;
    for (const query of [environmentDelete(environments.production), recreate(stage, environments.production)]) {
      const answer = outcomeIn((await stage.graphql(agent, query)).body, 0);
      expect(answer.code).toBe('HOLDPOINT_DENIED');
      expect(answer.message).toContain('is in production; this token is for staging');
    }
  });

  it('S15, E4: where its scope reaches, deleting the environment and making it again are held', async () => {
    const { environments } = stage.double.ids;
    for (const query of [environmentDelete(environments.staging), recreate(stage, environments.staging)]) {
      expect(outcomeIn((await stage.graphql(agent, query)).body, 0).code).toBe('HOLDPOINT_HELD');
    }
    const hold = await stage.hold(
      outcomeIn((await stage.graphql(agent, environmentDelete(environments.staging))).body, 0).hold,
    );
    expect(hold.defaultMode).toBe('delayed');
    expect(hold.tokenPurpose).toBe('fix the cost report, for jane');
  });

  it("S15, H2: a person's own token in the agent's hands opens no more: held in production, with the name to be typed", async () => {
    const { environments } = stage.double.ids;
    for (const query of [environmentDelete(environments.production), recreate(stage, environments.production)]) {
      const answer = outcomeIn((await stage.graphql(human, query)).body, 0);
      expect(answer.code).toBe('HOLDPOINT_HELD');
      expect((await stage.hold(answer.hold)).friction).toEqual({ signatures: 1, typedFact: true });
    }
  });

  it('S15, H1: nor can the agent say yes in the name of the human', async () => {
    const { environments } = stage.double.ids;
    const held = outcomeIn((await stage.graphql(agent, environmentDelete(environments.staging))).body, 0).hold;
    const humanToken = (await readFile(stage.daemon.places.humanToken, 'utf8')).trim();
    // The API's human token is not for the gate, and an agent's token approves nothing at the API.
    const asHuman = outcomeIn((await stage.graphql(humanToken, environmentDelete(environments.staging))).body, 0);
    expect(asHuman).toMatchObject({ kind: 'denied', message: expect.stringContaining('it is not for the http gate') });
    const refused = await fetch(`${stage.daemon.addresses.api}/v1/holds/${held}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
      body: JSON.stringify({ statement: { verdict: 'approve', hold: held }, signature: 'x' }),
    });
    expect(refused.status).toBe(403);
    expect((await stage.hold(held)).state).toBe('waiting');
  });
});
