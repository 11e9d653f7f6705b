import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ids } from './messages.ts';
import { isoTime } from '../src/contract/clock.ts';
import { type Daemon, openDaemon } from '../src/daemon/compose.ts';
import type { JsonObject } from '../src/model/json.ts';
import { actDigest, type ActKind, type ActStatement } from '../src/model/act.ts';

/** A whole daemon with a vault entry, two environments and an agent's token, in front of a far side on loopback. */
export interface Furnished {
  readonly daemon: Daemon;
  /** As the agent presents it. */
  readonly token: string;
}

/** Opens one in a folder that is not there yet; `farSide` is a port. */
export async function openFurnished(data: string, farSide: number): Promise<Furnished> {
  const daemon = await openDaemon({ data, host: '127.0.0.1', apiPort: 0, httpPort: 0, postgresPort: 0, tier: 'T0' });
  return { daemon, token: await furnish(await signing(daemon), farSide) };
}

type Act = (kind: ActKind, body: JsonObject, secret?: string) => Promise<JsonObject>;

async function post(daemon: Daemon, path: string, body: unknown): Promise<JsonObject> {
  const token = (await readFile(daemon.places.humanToken, 'utf8')).trim();
  const response = await fetch(`${daemon.addresses.api}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as JsonObject;
  if (response.status !== 200 && response.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Enrols the first signer, and gives what signs administrative acts. */
async function signing(daemon: Daemon): Promise<Act> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  const enrolment = { code: daemon.enrolmentCode, name: 'jane', publicKey: spki };
  const signer = textOf(await post(daemon, '/v1/signers/first', enrolment), 'id');
  return (kind, body, secret) => {
    const number = randomBytes(16).toString('base64url');
    const statement: ActStatement = { kind, body, signer, signedAt: isoTime(Date.now()), number };
    const act = { statement, signature: signed(privateKey, actDigest(statement)) };
    return post(daemon, '/v1/acts', secret === undefined ? { act } : { act, secret });
  };
}

function textOf(answer: JsonObject, member: string): string {
  const value = answer[member];
  if (typeof value !== 'string') throw new Error(`the answer has no \`${member}\``);
  return value;
}

function signed(key: KeyObject, digest: string): string {
  return sign(null, Buffer.from(digest), key).toString('base64url');
}

async function furnish(act: Act, farSide: number): Promise<string> {
  const secret = 'b3c1d2e4-0000-4000-8000-5ecc3e7c0de5';
  const place = { name: 'railway-staging', environment: 'staging', provider: 'railway', kind: 'bearer' };
  const text = `version: 1
environments:
  staging: { production: false, disposable: false, railway: [${ids.staging}] }
  production: { production: true, railway: [${ids.production}] }
upstreams:
  railway-staging: { provider: railway, environment: staging, credential: "vault:railway-staging", address: "http://127.0.0.1:${farSide}", private: true }
`;
  return put(act, { text, place: { ...place, reach: 'all' }, secret, gate: 'http' });
}

/** Opens one in front of a PostgreSQL server on loopback; the agent is `cursor`, its database `pg-staging`. */
export async function openFurnishedForPostgres(data: string, port: number, secret: string): Promise<Furnished> {
  const daemon = await openDaemon({ data, host: '127.0.0.1', apiPort: 0, httpPort: 0, postgresPort: 0, tier: 'T0' });
  const text = `version: 1
environments:
  staging: { production: false, disposable: false, postgres: [pg-staging] }
upstreams:
  pg-staging: { provider: postgres, environment: staging, credential: "vault:pg-staging", address: "postgres://127.0.0.1:${port}/postgres?sslmode=disable", private: true }
velocity: { rows: 100000/1h }
`;
  const place = {
    name: 'pg-staging',
    environment: 'staging',
    provider: 'postgres',
    kind: 'password',
    reach: 'environment',
  };
  return { daemon, token: await put(await signing(daemon), { text, place, secret, gate: 'postgres' }) };
}

interface Furniture {
  readonly text: string;
  readonly place: JsonObject;
  readonly secret: string;
  readonly gate: string;
}

async function put(act: Act, { text, place, secret, gate }: Furniture): Promise<string> {
  const secretHash = createHash('sha256').update(secret).digest('hex');
  await act('apply', { text, policies: {} });
  await act('vault-add', { ...place, note: '', secretHash }, secret);
  const made = await act('token-create', {
    name: 'cursor',
    kind: 'agent',
    purpose: 'measuring',
    gates: [gate],
    presets: [],
    operations: ['all'],
    environments: ['staging'],
    resources: 'all',
    minutes: 60,
  });
  return textOf(made, 'presented');
}
