import type { Looking } from '../../src/contract/lookup.ts';
import type { Provider, Reading, Resolution, ResolveContext } from '../../src/contract/provider.ts';
import type { Answer, Upstream } from '../../src/contract/upstream.ts';
import type { Action, Resource } from '../../src/model/action.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import { singleStep, type Message } from '../../src/model/plan.ts';
import { refuse } from '../../src/model/refusal.ts';

/** A thing at the paper far side. */
export interface PaperThing {
  readonly name: string;
  readonly environments: readonly string[];
  readonly within: readonly string[];
  readonly dependents: readonly string[];
}

/**
 * A far side of paper for the road's own binding: it speaks HTTP, reads any message as it stands, resolves ids in a world
 * that the test changes, and writes down everything that was ever sent to it. Its log is the truth.
 */
export class PaperFarSide {
  readonly sent: HttpMessage[] = [];
  readonly things = new Map<string, PaperThing>();
  /** Called when a message is about to take effect. */
  beforeEffect: () => void = () => undefined;

  upstream(): Upstream {
    return {
      protocol: 'http',
      open: async () => ({
        send: async (message: Message): Promise<Answer> => {
          this.beforeEffect();
          this.sent.push(message as HttpMessage);
          // As a real one would: the next turn of the event loop, so that others get theirs.
          await new Promise((resolve) => setImmediate(resolve));
          return { protocol: 'http', content: { status: 200, headers: [], body: new Uint8Array() } };
        },
        rollback: async () => undefined,
        close: async () => undefined,
      }),
    };
  }

  provider(): Provider {
    return {
      name: 'paper',
      hosts: ['paper.example'],
      catalogue: [],
      presets: {},
      credentialHeaders: [],
      looksLikeCredential: () => false,
      read: (message) => this.#read(message as HttpMessage),
      *putBack() {
        yield* [];
        return { plans: [], conflicts: [], notUndone: [] };
      },
    };
  }

  #read(message: HttpMessage): Reading {
    const { operations } = bodyOf(message);
    const actions = operations.map(({ operation, ids }): Action => {
      const resources = ids.map((id): Resource => ({ kind: 'paper:thing', id, environments: [] }));
      return {
        operation,
        reversibility: 'irreversible',
        traits: ['ends-undo'],
        resources,
        why: 'paper does not come back',
      };
    });
    const { things } = this;
    return {
      plan: singleStep(message),
      actions,
      *resolve(context: ResolveContext): Looking<Resolution> {
        yield* [];
        return resolution(actions, things, context);
      },
      mask: (answer) => answer,
      outcome: () => 'done',
      providerRefusal: () => undefined,
    };
  }
}

function resolution(actions: readonly Action[], things: PaperFarSide['things'], context: ResolveContext): Resolution {
  const dependents: string[] = [];
  const resolved = actions.map((action) => ({
    ...action,
    resources: action.resources.map((one): Resource => {
      const thing = things.get(one.id);
      if (thing === undefined) throw refuse('DENIED', `paper thing \`${one.id}\` is unknown`);
      const stranger = thing.environments.find((name) => !context.environments.some((known) => known.name === name));
      if (stranger !== undefined) throw refuse('DENIED', `paper environment \`${stranger}\` is not bound`);
      dependents.push(...thing.dependents);
      return { ...one, name: thing.name, environments: thing.environments, within: thing.within };
    }),
  }));
  const [first] = resolved.flatMap((action) => action.resources);
  const varyingFact = first?.name ?? '';
  return { actions: resolved, facts: [], dependents, varyingFact, defaultMode: 'now', undo: 'none' };
}

interface PaperBody {
  readonly operations: readonly { readonly operation: string; readonly ids: readonly string[] }[];
  readonly note: string;
}

function bodyOf(message: HttpMessage): PaperBody {
  try {
    const body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.body)) as PaperBody;
    if (
      body.operations.every((one) => typeof one.operation === 'string' && one.ids.every((id) => typeof id === 'string'))
    )
      return body;
  } catch {
    // Said below.
  }
  throw refuse('BAD_REQUEST', 'the paper cannot be read', 'send operations with ids');
}

export function paperMessage(body: PaperBody, headers: HttpMessage['headers'] = []): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://paper.example',
    path: '/act',
    headers: [['accept', 'application/json'], ['content-type', 'application/json'], ...headers],
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}
