import type { Looking } from '../../contract/lookup.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Asking, Introspecting, Reach } from '../../contract/reach.ts';
import { type Line, LineBroken } from '../../contract/upstream.ts';
import type { Environment } from '../../model/environment.ts';
import { refuse, Refused } from '../../model/refusal.ts';

/** A line to the provider's own host and to no other, with the credential presented as this kind. */
export type Dial = (presented: string) => Promise<Pick<Line, 'send' | 'close'>>;

/** What is asked about one credential. */
export interface Question {
  /** Where it stood: the name of a variable. */
  readonly standsIn?: string;
  /** Only under this vault kind; left out, under each that the provider has. */
  readonly presented?: string;
  /** Upstream that it is the credential of. */
  readonly entry?: string;
  readonly environments: readonly Environment[];
  matches(displayed: string): boolean;
}

/** At most this many look-ups for one credential, presented one way. */
const bound = 96;

/**
 * Asks a provider what a credential can do. Every look-up is read by the provider's own parser first and has to be a
 * read; one that is not is a defect, and nothing of it is sent. Never throws: what cannot be found out is `not-asked`.
 */
export async function askProvider(provider: Provider, dial: Dial, question: Question): Promise<Asking> {
  const { introspection } = provider;
  if (introspection === undefined) return notAsked(`${provider.name} cannot be asked what a credential can do`);
  const kinds = introspection.kinds(question.standsIn);
  const presented = question.presented === undefined ? kinds : [question.presented];
  try {
    for (const kind of presented) {
      if (!kinds.includes(kind)) continue;
      const about: Introspecting = {
        presented: kind,
        ...(question.entry === undefined ? {} : { entry: question.entry }),
        environments: question.environments,
        matches: (displayed) => question.matches(displayed),
      };
      const reach = await lookedUp(provider, await dial(kind), introspection.ask(about));
      if (reach !== undefined) return { kind: 'answered', reach };
    }
  } catch (thrown) {
    return notAsked(reasonIn(provider, thrown));
  }
  return {
    kind: 'not-taken',
    why: `${provider.name} does not take it as ${presented.join(' or ')}: it is revoked, or no credential of its`,
  };
}

async function lookedUp(
  provider: Provider,
  line: Awaited<ReturnType<Dial>>,
  looking: Looking<Reach | undefined>,
): Promise<Reach | undefined> {
  try {
    let next = looking.next();
    for (let asked = 0; next.done !== true; asked++) {
      if ('rehearse' in next.value)
        throw refuse('UNAVAILABLE', 'nothing is rehearsed to find out what a credential can do');
      const { message, purpose } = next.value;
      if (asked === bound) throw refuse('UNAVAILABLE', 'too many look-ups to find out what this credential can do');
      const { actions } = provider.read(message);
      if (actions.length === 0 || !actions.every((action) => action.reversibility === 'read'))
        throw refuse('UNAVAILABLE', `the look-up about ${purpose} is not a read, so it was not sent`);
      next = looking.next(await line.send(message));
    }
    return next.value;
  } finally {
    await line.close();
  }
}

function notAsked(why: string): Asking {
  return { kind: 'not-asked', why };
}

function reasonIn(provider: Provider, thrown: unknown): string {
  if (thrown instanceof LineBroken) return `${provider.name} did not answer`;
  if (thrown instanceof Refused) return thrown.refusal.detail;
  return `${provider.name} could not be asked`;
}

/** Whether what a provider shows of a token, `1a2b…` or `1a2b****`, is the beginning of this one. */
export function beginsLike(secret: string, displayed: string): boolean {
  const [start = ''] = displayed.split(/[^0-9A-Za-z_-]/, 1);
  return start.length >= 4 && start.length < displayed.length && secret.startsWith(start);
}
