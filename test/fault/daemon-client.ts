import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { placesIn } from '../../src/daemon/places.ts';
import type { DaemonProcess } from './daemon-process.ts';
import type { Double } from '../../demo/railway/double.ts';
import { isoTime } from '../../src/contract/clock.ts';
import { approvalDigest, type Approval, type ApprovalStatement, type Hold } from '../../src/model/hold.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { actDigest, type ActKind, type ActStatement } from '../../src/model/act.ts';

export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A credential for the vault. */
export interface Kept {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
  readonly kind: string;
  readonly reach: 'all' | 'environment';
  readonly secret: string;
}

/** A human with a key and an agent with a token, over HTTP, at whichever daemon runs now. */
export class DaemonClient {
  readonly #keys = generateKeyPairSync('ed25519');
  readonly #data: string;
  daemon: DaemonProcess;
  #signer = '';
  #human = '';
  #agent = '';

  constructor(data: string, daemon: DaemonProcess) {
    this.#data = data;
    this.daemon = daemon;
  }

  /** Enrols the human, puts the credentials into the vault, binds the environments, makes the agent's token. */
  async install(double: Double): Promise<void> {
    const secret = double.tokens.account;
    const entry = (environment: string): Kept => ({
      name: `railway-${environment}`,
      provider: 'railway',
      environment,
      kind: 'bearer',
      reach: 'all',
      secret,
    });
    await this.prepare(configFor(double), [entry('production'), entry('staging')], {
      gates: ['http'],
      presets: ['railway:all'],
      environments: ['staging', 'production'],
    });
  }

  /** The same for any configuration, its credentials, and what the agent's token is for. */
  async prepare(config: string, kept: readonly Kept[], scope: JsonObject): Promise<void> {
    this.#human = (await readFile(placesIn(this.#data).humanToken, 'utf8')).trim();
    const publicKey = this.#keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const enrolled = await this.api('POST', '/v1/signers/first', {
      code: this.daemon.enrolmentCode,
      name: 'jane',
      publicKey,
    });
    this.#signer = textOf(enrolled.body['id']);
    await this.act('apply', { text: config, policies: {} });
    for (const { secret, ...entry } of kept) {
      const secretHash = createHash('sha256').update(secret).digest('hex');
      await this.act('vault-add', { ...entry, note: '', secretHash }, secret);
    }
    const token = await this.act('token-create', {
      name: 'cursor',
      kind: 'agent',
      purpose: 'fault tests',
      operations: [],
      resources: 'all',
      minutes: 600,
      ...scope,
    });
    this.#agent = textOf(token['presented']);
  }

  /** The agent's token. */
  get agent(): string {
    return this.#agent;
  }

  async api(method: 'GET' | 'POST', path: string, body?: unknown, by: 'human' | 'agent' = 'human'): Promise<Answered> {
    const response = await fetch(`${this.daemon.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${by === 'human' ? this.#human : this.#agent}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async act(kind: ActKind, body: JsonObject, secret?: string): Promise<Record<string, unknown>> {
    const number = randomBytes(16).toString('base64url');
    const statement: ActStatement = { kind, body, signer: this.#signer, signedAt: isoTime(Date.now()), number };
    const act = { statement, signature: this.#sign(actDigest(statement)) };
    const answer = await this.api('POST', '/v1/acts', secret === undefined ? { act } : { act, secret });
    if (answer.status !== 200) throw new Error(`${kind}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** One GraphQL request by the agent. */
  async graphql(query: string, variables?: object): Promise<GraphqlBody> {
    const response = await fetch(`${this.daemon.http}/railway/graphql/v2`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#agent}`, 'content-type': 'application/json' },
      body: JSON.stringify(variables === undefined ? { query } : { query, variables }),
    });
    return (await response.json()) as GraphqlBody;
  }

  async hold(code: string): Promise<Hold> {
    return (await this.api('GET', `/v1/holds/${code}`)).body as unknown as Hold;
  }

  approval(hold: Hold): Approval {
    const now = Date.now();
    const statement: ApprovalStatement = {
      digest: hold.digest,
      hold: hold.id,
      verdict: 'approve',
      mode: 'now',
      notBefore: isoTime(now),
      notAfter: isoTime(now + 14 * 60_000),
      typed: hold.friction.typedFact ? hold.varyingFact : '',
      signer: this.#signer,
      number: randomBytes(16).toString('base64url'),
      signedAt: isoTime(now),
    };
    return { statement, signature: this.#sign(approvalDigest(statement)) };
  }

  /** Lines of the whole journal, and the key that verifies them. */
  async journal(): Promise<{
    readonly lines: readonly string[];
    readonly publicKey: string;
    readonly checkpoint: string;
  }> {
    const { body } = await this.api('GET', '/v1/journal/checkpoint');
    const response = await fetch(`${this.daemon.api}/v1/journal/export`, {
      headers: { authorization: `Bearer ${this.#human}` },
    });
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    return { lines, publicKey: textOf(body['key']), checkpoint: textOf(body['checkpoint']) };
  }

  async checkpoint(): Promise<string> {
    return textOf((await this.api('GET', '/v1/journal/checkpoint')).body['checkpoint']);
  }

  #sign(digest: string): string {
    return sign(null, Buffer.from(digest), this.#keys.privateKey).toString('base64url');
  }
}

export interface GraphqlBody {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** The code of the refusal, and the hold it names. */
export function refusalIn(body: GraphqlBody): { readonly code: string; readonly hold: string } {
  const extensions = body.errors?.[0]?.extensions ?? {};
  return { code: textOf(extensions['code']), hold: textOf(extensions['hold']) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Nobody is stopped for being quick: what is told here goes faster than any agent does. */
function configFor({ ids, url }: Double): string {
  const address = new URL(url).origin;
  const upstream = (environment: string): string =>
    `{ provider: railway, environment: ${environment}, credential: "vault:railway-${environment}", address: "${address}", private: true }`;
  return `version: 1
environments:
  staging: { production: false, railway: [${ids.environments.staging}] }
  production: { production: true, railway: [${ids.environments.production}] }
upstreams:
  railway-staging: ${upstream('staging')}
  railway-production: ${upstream('production')}
velocity: { destructive: off, held: off, denied: off, rows: 100000/1h }
`;
}
