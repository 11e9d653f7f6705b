import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gateContract, type GateDriver, type Said } from './gates.ts';
import { openRig } from './rig.ts';
import { ToyFarSide, type ToyMessage } from './toy/far-side.ts';
import { ToyGate } from './toy/gate.ts';
import { toyProvider } from './toy/provider.ts';
import { openStage, type GraphqlAnswer } from '../incident/stage.ts';
import type { JournalWriter } from '../../src/contract/journal.ts';
import type { Outcome } from '../../src/contract/road.ts';
import { Refused } from '../../src/model/refusal.ts';

/** Makes every later write to this journal fail, as a full disk would. */
function breakWrites(journal: JournalWriter): void {
  const fail = async (): Promise<never> => {
    throw new Error('no space left on device');
  };
  Object.assign(journal, {
    append: fail,
    record: fail,
    noteRead: () => {
      throw new Error('no space left on device');
    },
  });
}

async function toyDriver(): Promise<GateDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-toy-'));
  const far = new ToyFarSide(join(folder, 'far.db'));
  const secrets = ['the-real-secret'];
  const rig = await openRig({
    providers: [toyProvider],
    upstreams: [far.upstream()],
    environments: [{ name: 'production', production: true, disposable: false, bindings: { toy: ['toy-prod'] } }],
    entries: {
      'toy-production': { provider: 'toy', environment: 'production', secret: 'the-real-secret', reach: 'all' },
    },
  });
  const gate = new ToyGate(rig.road, await rig.bearer('cursor'));
  const texts: string[] = [];
  const say = (outcome: Outcome): Said => {
    const said =
      outcome.kind === 'done'
        ? { outcome: 'done', text: JSON.stringify(outcome.answer) }
        : { outcome: outcome.refusal.code, text: `${outcome.refusal.detail} ${outcome.refusal.hint}` };
    texts.push(said.text);
    return said;
  };
  const ask = async (message: object): Promise<Said> => {
    try {
      return say(await gate.autocommit(message as ToyMessage));
    } catch (thrown) {
      if (thrown instanceof Refused) return say({ kind: 'refused', refusal: thrown.refusal });
      throw thrown;
    }
  };
  return {
    secrets,
    read: () => ask({ protocol: 'toy', verb: 'get', environment: 'toy-prod', key: 'a' }),
    reversible: () => ask({ protocol: 'toy', verb: 'set', environment: 'toy-prod', key: 'a', value: '1' }),
    irreversible: () => ask({ protocol: 'toy', verb: 'drop', environment: 'toy-prod' }),
    unknown: () => ask({ protocol: 'toy', verb: 'explode' }),
    truncated: () => ask({ protocol: 'toy', verb: 'se' }),
    oversized: () => ask({ protocol: 'toy', verb: 'x'.repeat(1 << 20) }),
    badToken: async () => {
      try {
        await rig.identity.identify('hpa_nothing', { address: '127.0.0.1' });
        return { outcome: 'done', text: '' };
      } catch (thrown) {
        return { outcome: thrown instanceof Refused ? thrown.refusal.code : 'thrown', text: '' };
      }
    },
    effects: () => far.log.filter((line) => line === 'commit').length,
    freeze: async () => void (await rig.road.freeze.freeze('jane', 'test')),
    breakJournal: () => breakWrites(rig.road.journal),
    everythingSaid: async () =>
      JSON.stringify([
        texts,
        rig.alarms,
        await rig.store.find('entries'),
        await rig.store.find('holds'),
        await rig.store.find('images'),
        await rig.store.find('vault'),
      ]),
    async close() {
      await rig.close().catch(() => undefined);
      far.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function codeOf(extensions: Record<string, unknown> | undefined): string {
  const code = extensions?.['code'];
  return typeof code === 'string' ? code.replace('HOLDPOINT_', '') : 'error';
}

async function httpDriver(): Promise<GateDriver> {
  const stage = await openStage();
  const { ids, tokens } = stage.double;
  const token = await stage.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
  const texts: string[] = [];
  const say = (answer: GraphqlAnswer): Said => {
    const [error] = answer.errors ?? [];
    const text = JSON.stringify(answer);
    texts.push(text);
    return {
      outcome: error === undefined ? 'done' : codeOf(error.extensions),
      text,
    };
  };
  const ask = async (query: string, variables?: Record<string, unknown>, by = token): Promise<Said> => {
    const { body } = await stage.graphql(by, query, variables);
    return say(
      'errors' in body || 'data' in body
        ? body
        : { errors: [{ message: JSON.stringify(body), extensions: body as Record<string, unknown> }] },
    );
  };
  const raw = (bytes: string, end: boolean): Promise<Said> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(stage.daemon.addresses.http);
      const socket = connect(Number(port), hostname, () => (end ? socket.end(bytes) : socket.write(bytes)));
      let got = '';
      socket.on('data', (chunk) => (got += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ outcome: got.startsWith('HTTP/1.1 200') ? 'done' : 'refused', text: got }));
    });
  const mutations = ['variableUpsert', 'volumeDelete'];
  return {
    secrets: [tokens.account],
    read: () => ask('query ($id: String!) { environment(id: $id) { id name } }', { id: ids.environments.production }),
    reversible: () =>
      ask('mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }', {
        input: {
          projectId: ids.project,
          environmentId: ids.environments.production,
          serviceId: ids.services.counter,
          name: 'GREETING',
          value: 'hello',
          skipDeploys: true,
        },
      }),
    irreversible: () => ask(`mutation { volumeDelete(volumeId: "${ids.volume}") }`),
    unknown: () => ask('mutation { volumeObliterate(volumeId: "x") }'),
    truncated: () =>
      raw(
        `POST /railway/graphql/v2 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"query":"mutation { vol`,
        true,
      ),
    oversized: async () => {
      const response = await fetch(stage.endpoint, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: 'x'.repeat(4 << 20) }),
      }).catch(() => undefined);
      return { outcome: response?.status === 200 ? 'done' : 'refused', text: '' };
    },
    badToken: () => ask('query { me { id } }', undefined, `hpa_${'0'.repeat(26)}_${'a'.repeat(43)}`),
    effects: () => mutations.reduce((sum, name) => sum + stage.reached(name), 0),
    freeze: async () => void (await stage.api('POST', '/v1/freeze', { why: 'test' })),
    breakJournal: () => breakWrites(stage.daemon.road.journal),
    everythingSaid: async () => {
      const { store } = stage.daemon.road;
      const kept = [
        await store.find('entries'),
        await store.find('holds'),
        await store.find('images'),
        await store.find('vault'),
        await store.find('clearances'),
      ];
      return JSON.stringify([texts, kept, await readFile(stage.daemon.places.diagnostics, 'utf8')]);
    },
    close: () => stage.close(),
  };
}

gateContract('toy, transactional', toyDriver);
gateContract('http', httpDriver);
