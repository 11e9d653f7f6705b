import { type Double, type DoubleOptions, startDouble } from '../../demo/railway/double.ts';
import type { Looking } from '../../src/contract/lookup.ts';
import type { Provider, Resolution } from '../../src/contract/provider.ts';
import type { Answer } from '../../src/contract/upstream.ts';
import type { Environment } from '../../src/model/environment.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Message } from '../../src/model/plan.ts';
import { railway } from '../../src/providers/railway/index.ts';

/** The provider and the double, with nothing between: look-ups go over the wire, by the account token or staging's own. */
export class Asking {
  readonly double: Double;
  readonly environments: readonly Environment[];
  readonly provider: Provider = railway;
  /** Operations of all look-ups that were sent. */
  readonly asked: string[] = [];

  constructor(double: Double) {
    this.double = double;
    const { environments } = double.ids;
    this.environments = [
      environment('production', true, [environments.production]),
      environment('staging', false, [environments.staging]),
      environment('preview', false, [environments.preview]),
    ];
  }

  static async start(options: DoubleOptions = {}): Promise<Asking> {
    return new Asking(await startDouble(options));
  }

  async send(message: Message, reach: 'all' | 'environment' = 'all'): Promise<Answer> {
    const { account, staging } = this.double.tokens;
    const credential: [string, string] =
      reach === 'all' ? ['authorization', `Bearer ${account}`] : ['project-access-token', staging];
    const { method, path, headers, body } = message as HttpMessage;
    const response = await fetch(new URL(path, this.double.url), {
      method,
      headers: [...headers.map(([name, value]): [string, string] => [name, value]), credential],
      body: Buffer.from(body),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { protocol: 'http', content: { status: response.status, headers: [...response.headers], body: bytes } };
  }

  /** Runs a question to its end, as the road does: each look-up has to be a read by the provider's own word. */
  async look<T>(question: Looking<T>, reach: 'all' | 'environment' = 'all'): Promise<T> {
    let next = question.next();
    while (next.done !== true) {
      if ('rehearse' in next.value) throw new Error('there is nothing to rehearse here');
      const reading = this.provider.read(next.value.message);
      const wrong = reading.actions.find((action) => action.reversibility !== 'read');
      if (wrong !== undefined) throw new Error(`look-up is no read: ${wrong.operation}`);
      this.asked.push(...reading.actions.map((action) => action.operation));
      const answer = await this.send(next.value.message, reach);
      const refused = reading.providerRefusal(answer);
      if (refused !== undefined) throw new Error(`provider refused a look-up (${next.value.purpose}): ${refused}`);
      next = question.next(answer);
    }
    return next.value;
  }

  async resolve(query: string, variables: JsonObject = {}, reach: 'all' | 'environment' = 'all'): Promise<Resolution> {
    const reading = this.provider.read(railwayPost({ query, variables }));
    return await this.look(reading.resolve({ environments: this.environments, reach }), reach);
  }
}

export function environment(name: string, production: boolean, ids: readonly string[]): Environment {
  return { name, production, disposable: false, bindings: { railway: ids } };
}

/** A message as the HTTP gate hands it over. */
export function railwayPost(body: unknown): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  };
}

/** `data` of an answer; its errors when there are any. */
export function dataOf(answer: Answer): {
  readonly data?: JsonObject | null;
  readonly errors?: readonly { readonly message: string }[];
} {
  const { body } = answer.content as { readonly body: Uint8Array };
  return JSON.parse(new TextDecoder().decode(body)) as { data?: JsonObject | null };
}
