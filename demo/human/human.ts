import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import fs from 'node:fs';
import { openKeyFile, parseKeyFile } from '../../src/cli/signing/key-file.ts';
import { actionDigest } from '../../src/model/action-request.ts';
import { digestOf } from '../../src/model/digest.ts';
import { type Approval, approvalDomain, type ApprovalStatement, type Hold } from '../../src/model/hold.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';

export interface Replied {
  readonly status: number;
  readonly body: JsonObject;
}

/** Something a human should know, as it came over `GET /v1/events`. */
export interface Heard {
  readonly kind: string;
  readonly text: string;
  /** `performance.now()` when it was heard. */
  readonly at: number;
}

/**
 * The person in charge, scripted: a signer's key that the agent's user cannot reach, and the human's token to the API.
 * What they sign they read first: the digest is computed again from the very request that the page shows.
 */
export class Human {
  readonly name: string;
  readonly #api: string;
  readonly #token: string;
  readonly heard: Heard[] = [];
  #key: KeyObject | undefined;
  #signer = '';

  constructor(name: string, api: string, tokenFile: string) {
    this.name = name;
    this.#api = api;
    this.#token = fs.readFileSync(tokenFile, 'utf8').trim();
  }

  /** Opens the key that `holdpoint signer add` sealed, for the many acts of the set-up. */
  async unlock(keyFile: string, passphrase: string): Promise<void> {
    const file = parseKeyFile(fs.readFileSync(keyFile, 'utf8'), keyFile);
    this.#key = await openKeyFile(file, passphrase);
    const { signers } = must(await this.get('/v1/signers')) as unknown as {
      signers: readonly { id: string; publicKey: string }[];
    };
    this.#signer = signers.find(({ publicKey }) => publicKey === file.publicKey)?.id ?? '';
  }

  get(path: string): Promise<Replied> {
    return this.#ask('GET', path);
  }

  post(path: string, body?: unknown): Promise<Replied> {
    return this.#ask('POST', path, body);
  }

  /** The journal as it is exported, a line each. */
  async exported(): Promise<readonly string[]> {
    const response = await fetch(`${this.#api}/v1/journal/export`, { headers: this.#headers() });
    return (await response.text()).split('\n').filter((line) => line !== '');
  }

  /** A signed act that widens power. Throws when it is refused. */
  async act(kind: string, body: JsonObject, secret?: string): Promise<JsonObject> {
    return must(await this.tryAct(kind, body, this.#unlocked(), secret));
  }

  /** The same with any key, and whatever comes of it. */
  tryAct(kind: string, body: JsonObject, key: KeyObject, secret?: string): Promise<Replied> {
    const statement = {
      kind,
      body,
      signer: this.#signer,
      signedAt: new Date().toISOString(),
      number: randomBytes(16).toString('base64url'),
    };
    const signature = signed(key, digestOf('holdpoint/act/v1', statement));
    const act = { statement, signature };
    return this.post('/v1/acts', secret === undefined ? { act } : { act, secret });
  }

  /** `more`: `{ ask: false }` keeps one that the provider would not take. */
  async addCredential(
    name: string,
    environment: string,
    kind: string,
    reach: string,
    secret: string,
    more: JsonObject = {},
  ): Promise<void> {
    const secretHash = createHash('sha256').update(secret).digest('hex');
    const said = { name, provider: 'railway', environment, kind, reach, note: '', ...more };
    await this.act('vault-add', { ...said, secretHash }, secret);
  }

  async createToken(
    purpose: string,
    presets: readonly string[],
    environments: readonly string[],
    { name, gate }: { readonly name: string; readonly gate: string } = { name: 'cursor', gate: 'http' },
  ): Promise<{ readonly id: string; readonly presented: string }> {
    const made = await this.act('token-create', {
      name,
      kind: 'agent',
      purpose,
      gates: [gate],
      presets,
      operations: [],
      environments,
      resources: 'all' as unknown as Json,
      minutes: 480,
    });
    return { id: textOf(made['token'] as JsonObject, 'id'), presented: textOf(made, 'presented') };
  }

  /** Throws unless what it shows is what its digest stands for. */
  async hold(code: string): Promise<Hold> {
    const hold = must(await this.get(`/v1/holds/${code}`)) as unknown as Hold;
    if (actionDigest(hold.request) !== hold.digest) throw new Error('what the hold shows is not what would be signed');
    return hold;
  }

  /** Signs exactly this hold, in the mode it proposes. */
  async approve(hold: Hold, typed: string): Promise<Replied> {
    const { body: status } = await this.get('/v1/status');
    const now = Date.now();
    const delayed = hold.defaultMode === 'delayed';
    const from = delayed ? now + Number(status['delayMs']) : now;
    const statement: ApprovalStatement = {
      digest: hold.digest,
      hold: hold.id,
      verdict: 'approve',
      mode: hold.defaultMode,
      notBefore: new Date(from).toISOString(),
      notAfter: new Date(from + Number(status[delayed ? 'windowMs' : 'signatureMs'])).toISOString(),
      typed,
      signer: this.#signer,
      number: randomBytes(16).toString('base64url'),
      signedAt: new Date(now).toISOString(),
    };
    const digest = digestOf(approvalDomain, statement as unknown as Json);
    const approval: Approval = { statement, signature: signed(this.#unlocked(), digest) };
    return this.post(`/v1/holds/${hold.id}/approve`, approval);
  }

  /** Listens to the daemon's events until the signal ends it; resolves when it is connected. */
  async watch(signal: AbortSignal): Promise<void> {
    const response = await fetch(`${this.#api}/v1/events`, { headers: this.#headers(), signal });
    const listen = async (): Promise<void> => {
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk as Uint8Array).toString();
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) this.#hear(event);
      }
    };
    listen().catch(() => undefined);
  }

  #unlocked(): KeyObject {
    if (this.#key === undefined) throw new Error('the key is not unlocked');
    return this.#key;
  }

  #hear(event: string): void {
    if (!event.includes('event: alarm')) return;
    const data = /^data: (.*)$/m.exec(event)?.[1] ?? '{}';
    const { kind, text } = JSON.parse(data) as { kind: string; text: string };
    this.heard.push({ kind, text, at: performance.now() });
  }

  #headers(): { readonly [name: string]: string } {
    return { authorization: `Bearer ${this.#token}` };
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Replied> {
    const response = await fetch(`${this.#api}${path}`, {
      method,
      headers: { ...this.#headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }
}

/** A text member of an answer; empty where there is none. */
export function textOf(body: { readonly [name: string]: unknown }, member: string): string {
  const value = body[member];
  return typeof value === 'string' ? value : '';
}

/** The body of an answer that has to be good. */
export function must(answer: Replied): JsonObject {
  if (answer.status === 200) return answer.body;
  throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Ed25519 over the digest's 64 hex characters, base64url. */
function signed(key: KeyObject, digest: string): string {
  return sign(null, Buffer.from(digest), key).toString('base64url');
}
