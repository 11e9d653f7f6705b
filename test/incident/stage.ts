import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDouble, type Double, type DoubleOptions } from '../../demo/railway/double.ts';
import { isoTime } from '../../src/contract/clock.ts';
import { openDaemon, type Daemon, type DaemonOptions } from '../../src/daemon/compose.ts';
import { approvalDigest, type Approval, type ApprovalStatement, type Hold } from '../../src/model/hold.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { actDigest, type ActKind, type ActStatement } from '../../src/model/act.ts';

/** The incident's stage: the double that truly destroys, and a daemon in front of it that holds the real credential. */
export interface Stage {
  readonly double: Double;
  readonly daemon: Daemon;
  /** Base URL of the GraphQL endpoint behind the gate. */
  readonly endpoint: string;
  /** `http://name:token@host:port` for HTTPS_PROXY. */
  proxyFor(name: string, token: string): string;
  /** The human's API, with the human token. */
  api(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  act(kind: ActKind, body: JsonObject, secret?: string): Promise<Record<string, unknown>>;
  token(name: string, scope: TokenAsked): Promise<string>;
  /** One GraphQL request through the base URL. */
  graphql(
    token: string,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<{ readonly status: number; readonly body: GraphqlAnswer }>;
  hold(code: string): Promise<Hold>;
  approve(
    hold: Hold,
    change?: Partial<ApprovalStatement>,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  /** How often the double executed this operation. */
  reached(operation: string): number;
  /** Binds one more of Railway's environments to our `staging`, as a human would by `holdpoint apply`. */
  bind(railwayEnvironment: string): Promise<void>;
  /** Stops the daemon and opens it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface TokenAsked {
  /** `agent` when absent. */
  readonly kind?: 'agent' | 'ci' | 'human';
  readonly presets?: readonly string[];
  readonly operations?: readonly string[];
  readonly environments: readonly string[];
  readonly purpose?: string;
}

export interface GraphqlAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

export interface StageOptions {
  readonly double?: DoubleOptions;
  readonly daemon?: Partial<DaemonOptions>;
  readonly stagingDisposable?: boolean;
  /** The `velocity` of holdpoint.yaml, as YAML; no limit but that on rows where absent: a suite of attacks passes them all. */
  readonly velocity?: string;
  /** Binds Railway's third environment, `preview`, to our `staging` as well; unbound, it is nobody's. */
  readonly bindPreview?: boolean;
  /** The vault holds one project token for each environment, which sees no other; else one account token for both. */
  readonly projectTokens?: boolean;
}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const data = await mkdtemp(join(tmpdir(), 'holdpoint-stage-'));
  const double = await startDouble(options.double ?? {});
  const daemonOptions: DaemonOptions = {
    data,
    host: '127.0.0.1',
    apiPort: 0,
    httpPort: 0,
    postgresPort: 0,
    tier: 'T0',
    ...options.daemon,
  };
  let daemon = await openDaemon(daemonOptions);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');

  const api: Stage['api'] = async (method, path, body) => {
    const token = (await readFile(daemon.places.humanToken, 'utf8')).trim();
    const response = await fetch(`${daemon.addresses.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const enrolled = await api('POST', '/v1/signers/first', {
    code: daemon.enrolmentCode,
    name: 'jane',
    publicKey: spki,
  });
  const signer = String(enrolled.body['id']);

  const act: Stage['act'] = async (kind, body, secret) => {
    const statement: ActStatement = {
      kind,
      body,
      signer,
      signedAt: isoTime(Date.now()),
      number: randomBytes(16).toString('base64url'),
    };
    const signature = signed(privateKey, actDigest(statement));
    const answer = await api('POST', '/v1/acts', {
      act: { statement, signature },
      ...(secret === undefined ? {} : { secret }),
    });
    if (answer.status !== 200) throw new Error(`${kind}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const bound = options.bindPreview === true ? [double.ids.environments.preview] : [];
  await act('apply', { text: configFor(double, options, bound), policies: {} });
  const secretHash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
  const credential =
    options.projectTokens === true
      ? ({ provider: 'railway', kind: 'project-access-token', reach: 'environment', note: '' } as const)
      : ({ provider: 'railway', kind: 'bearer', reach: 'all', note: '' } as const);
  for (const [name, environment] of [
    ['railway-production', 'production'],
    ['railway-staging', 'staging'],
  ] as const) {
    const secret = options.projectTokens === true ? double.tokens[environment] : double.tokens.account;
    await act('vault-add', { ...credential, name, environment, secretHash: secretHash(secret) }, secret);
  }

  const stage: Stage = {
    double,
    get daemon() {
      return daemon;
    },
    get endpoint() {
      return `${daemon.addresses.http}/railway/graphql/v2`;
    },
    proxyFor: (name, token) => daemon.addresses.http.replace('http://', `http://${name}:${token}@`),
    api,
    act,
    async token(name, asked) {
      const answer = await act('token-create', {
        name,
        kind: asked.kind ?? 'agent',
        purpose: asked.purpose ?? 'testing',
        gates: ['http'],
        presets: asked.presets ?? [],
        operations: asked.operations ?? [],
        environments: asked.environments,
        resources: 'all',
        minutes: 60,
      });
      return String(answer['presented']);
    },
    async graphql(token, query, variables) {
      const response = await fetch(stage.endpoint, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(variables === undefined ? { query } : { query, variables }),
      });
      return { status: response.status, body: (await response.json()) as GraphqlAnswer };
    },
    async hold(code) {
      return (await api('GET', `/v1/holds/${code}`)).body as unknown as Hold;
    },
    async approve(hold, change = {}) {
      const statement = approvalFor(hold, signer, change);
      const approval: Approval = { statement, signature: signed(privateKey, approvalDigest(statement)) };
      return api('POST', `/v1/holds/${hold.id}/approve`, approval);
    },
    reached: (operation) => double.log.filter((entry) => entry.kind === 'operation' && entry.name === operation).length,
    async bind(railwayEnvironment) {
      bound.push(railwayEnvironment);
      await act('apply', { text: configFor(double, options, bound), policies: {} });
    },
    async restart() {
      await daemon.close();
      daemon = await openDaemon(daemonOptions);
    },
    async close() {
      await daemon.close();
      await double.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
  return stage;
}

function signed(key: KeyObject, digest: string): string {
  return sign(null, Buffer.from(digest), key).toString('base64url');
}

export function approvalFor(hold: Hold, signer: string, change: Partial<ApprovalStatement>): ApprovalStatement {
  const now = Date.now();
  const mode = change.mode ?? hold.defaultMode;
  const notBefore = mode === 'delayed' ? now + 48 * 3_600_000 + 1_000 : now;
  const notAfter = mode === 'delayed' ? notBefore + 24 * 3_600_000 : now + 15 * 60_000 - 1_000;
  return {
    digest: hold.digest,
    hold: hold.id,
    verdict: 'approve',
    mode,
    notBefore: isoTime(notBefore),
    notAfter: isoTime(notAfter),
    typed: hold.friction.typedFact ? hold.varyingFact : '',
    signer,
    number: randomBytes(16).toString('base64url'),
    signedAt: isoTime(now),
    ...change,
  };
}

function configFor(double: Double, options: StageOptions, bound: readonly string[]): string {
  const { environments } = double.ids;
  const address = new URL(double.url).origin;
  const staging = [environments.staging, ...bound];
  const disposable = options.stagingDisposable ?? false;
  return `version: 1
environments:
  staging: { production: false, disposable: ${disposable}, railway: [${staging.join(', ')}] }
  production: { production: true, railway: [${environments.production}] }
upstreams:
  railway-staging: { provider: railway, environment: staging, credential: "vault:railway-staging", address: "${address}", private: true }
  railway-production: { provider: railway, environment: production, credential: "vault:railway-production", address: "${address}", private: true }
velocity: ${options.velocity ?? '{ destructive: off, held: off, denied: off }'}
`;
}
