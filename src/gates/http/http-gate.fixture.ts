import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import type { Provider, Reading } from '../../contract/provider.ts';
import type { Asked, Bearer, Outcome, Peer, Road } from '../../contract/road.ts';
import { corpusToken, otherCorpusToken, realCredential } from '../../../test/golden/http-hostile.ts';
import type { EntryDraft } from '../../model/entry.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { type Message, singleStep } from '../../model/plan.ts';
import { refuse } from '../../model/refusal.ts';
import { makeAuthority } from './authority/authority.ts';
import { type HttpGate, type HttpGateParts, openHttpGate } from './http-gate.ts';

/** A road that goes nowhere: records what it was handed, and answers what the test says. */
export interface FakeRoad extends Road {
  readonly asked: Asked[];
  readonly noted: EntryDraft[];
  readonly peers: Peer[];
  readonly identified: string[];
  answer: (asked: Asked) => Outcome | Promise<Outcome>;
  /** Throws when set: the journal is down. */
  noteFails: boolean;
  /** Knows no token any more when set. */
  revoked: boolean;
}

export function fakeRoad(): FakeRoad {
  const road: FakeRoad = {
    asked: [],
    noted: [],
    peers: [],
    identified: [],
    noteFails: false,
    revoked: false,
    answer: () => done(200, '{"data":{"ok":true}}'),
    async identify(presented, peer) {
      road.identified.push(presented);
      road.peers.push(peer);
      if (road.revoked) throw refuse('BAD_TOKEN', 'this agent token is not known');
      if (presented === corpusToken) return bearer('cursor', 'tk_A');
      if (presented === otherCorpusToken) return bearer('other', 'tk_B');
      throw refuse('BAD_TOKEN', 'this agent token is not known');
    },
    async mediate(asked) {
      road.asked.push(asked);
      return road.answer(asked);
    },
    askAbout: (refusal) => Promise.resolve(refusal),
    async note(draft) {
      if (road.noteFails) throw new Error('disk full');
      road.noted.push(draft);
    },
  };
  return road;
}

export function done(
  status: number,
  body: string,
  headers: readonly (readonly [string, string])[] = [['Content-Type', 'application/json']],
): Outcome {
  return { kind: 'done', answer: { protocol: 'http', content: { status, headers, body: Buffer.from(body) } } };
}

function bearer(name: string, id: string): Bearer {
  const principal = { kind: 'agent', id: `pr_${name}`, name } as const;
  const scope = { gates: ['http'], operations: 'all', environments: [], resources: 'all' } as const;
  const times = { createdAt: '2026-01-01T00:00:00.000Z', expiresAt: '2027-01-01T00:00:00.000Z' };
  return { principal, token: { id, principal, secretHash: '', scope, purpose: 'tests', ...times } };
}

/** Understands every message as one read, or throws what its `broken` path asks for. */
export function toyProvider(name: string, hosts: readonly string[]): Provider {
  return {
    name,
    hosts,
    catalogue: [],
    presets: {},
    credentialHeaders: ['authorization', 'toy-key'],
    looksLikeCredential: (text) => text.startsWith('toy-secret-'),
    read(message) {
      const { path } = message as HttpMessage;
      if (path === '/broken') throw new RangeError('inner words that nobody should see');
      if (path === '/graphql/broken')
        throw refuse('BAD_REQUEST', 'the document does not parse', 'send one GraphQL document');
      return toyReading(message);
    },
    putBack: () => {
      throw new Error('not in this test');
    },
  };
}

function toyReading(message: Message): Reading {
  return {
    plan: singleStep(message),
    actions: [{ operation: 'toy:get', reversibility: 'read', traits: [], resources: [], why: 'a toy' }],
    resolve: () => {
      throw new Error('not in this test');
    },
    mask: (answer) => answer,
    outcome: () => 'done',
    providerRefusal: () => undefined,
  };
}

export interface Rig {
  readonly gate: HttpGate;
  readonly road: FakeRoad;
  /** PEM of the authority that clients have to trust. */
  readonly ca: string;
  /** Writes the pieces one after another, `gap` milliseconds apart, and gives back all that came until the end. */
  raw(
    pieces: Uint8Array | readonly Uint8Array[],
    options?: { readonly gap?: number; readonly wait?: number },
  ): Promise<string>;
}

/** `listed` are hosts that the authority may vouch for besides the claimed ones. */
export async function openRig(
  given: Partial<HttpGateParts> & { readonly listed?: readonly string[] } = {},
): Promise<Rig> {
  const { listed = [], ...over } = given;
  const road = fakeRoad();
  const hosts = ['api.toy.test', 'backboard.railway.com', '.suffix.test', ...listed];
  const clock = { now: () => Date.now() };
  const authority = await makeAuthority({ hosts, clock });
  const gate = await openHttpGate({
    road,
    providers: [
      toyProvider('toy', ['api.toy.test', '.suffix.test']),
      {
        ...toyProvider('railway', ['backboard.railway.com']),
        tongue: ({ path }) => (path.startsWith('/graphql/') ? 'graphql' : 'problem'),
      },
    ],
    host: '127.0.0.1',
    port: 0,
    egress: () => ({ mode: 'listed', hosts: [] }),
    authority,
    tunnel: () => Promise.reject(new Error('nothing is tunnelled in this test')),
    reach: () => Promise.reject(new Error('nothing is reached in this test')),
    storedFor: () => undefined,
    clock,
    ...over,
    limits: { checkEvery: 50, drainTime: 200, closeGrace: 200, notesPerSecond: 100_000, ...over.limits },
  });
  return { gate, road, ca: authority.certificate, raw: (pieces, options) => rawExchange(gate.port, pieces, options) };
}

/** Resolves when the far side closes, when `wait` ms (50) passed after a whole answer, or after 5 s of nothing. */
function rawExchange(
  port: number,
  given: Uint8Array | readonly Uint8Array[],
  options: { readonly gap?: number; readonly wait?: number } = {},
): Promise<string> {
  const pieces = given instanceof Uint8Array ? [given] : given;
  const first = Buffer.from(pieces[0] ?? []).toString('latin1');
  return new Promise((resolve) => {
    let got = '';
    let timer = setTimeout(() => end(), 5_000);
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      got += text;
      if (!answered(got, first.startsWith('HEAD '))) return;
      clearTimeout(timer);
      timer = setTimeout(end, options.wait ?? 50);
    });
    socket.on('error', end);
    socket.on('end', end);
    socket.on('close', end);
    socket.on('connect', () => {
      void (async () => {
        for (const piece of pieces) {
          if (socket.destroyed) return;
          socket.write(piece);
          await new Promise((next) => (options.gap === undefined ? setImmediate(next) : setTimeout(next, options.gap)));
        }
      })();
    });
  });
}

function answered(text: string, headOnly: boolean): boolean {
  const start = text.startsWith('HTTP/1.1 100 ') ? text.indexOf('\r\n\r\n') + 4 : 0;
  const end = text.indexOf('\r\n\r\n', start);
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(start, end));
  return headOnly || text.length >= end + 4 + Number(length?.[1] ?? 0);
}

export { corpusToken, otherCorpusToken, realCredential };
