import { type Frame, FrameReader, int32, frame, cstring, startupParameters } from '../../contract/postgres/frames.ts';
import { refuse } from '../../model/refusal.ts';

const protocol3 = 3;
const newestMinor = 2;

/** What a client asks for in its start-up packet. */
export interface StartUp {
  /** The agent's name: it has to be the one its token was made for. */
  readonly user: string;
  /** The upstream entry. */
  readonly database: string;
  /** Settings that the session may begin with. */
  readonly settings: ReadonlyMap<string, string>;
  /** Of protocol 3, as both speak it. */
  readonly minor: number;
  /** Answer to a minor version, or to protocol options, that we do not speak. */
  readonly negotiation: Frame | undefined;
}

/** Settings that change how answers look or whose they are said to be, and nothing that is relied on. */
const wished: ReadonlySet<string> = new Set([
  'application_name',
  'datestyle',
  'extra_float_digits',
  'intervalstyle',
  'search_path',
  'timezone',
  'bytea_output',
  'client_min_messages',
]);

/** Reads a start-up packet. Throws `Refused` for what no agent may ask for, and `BrokenFrame`. */
export function startUpOf(packet: Frame): StartUp {
  const version = new FrameReader(packet).int32();
  const [major, minor] = [version >> 16, version & 0xffff];
  if (major !== protocol3)
    throw refuse('BAD_REQUEST', `protocol ${major}.${minor} is not spoken here`, 'use protocol 3');
  const asked = startupParameters(packet);
  const user = asked.get('user') ?? '';
  const database = asked.get('database') ?? user;
  if (user === '') throw refuse('BAD_TOKEN', 'no user is named', 'use the DATABASE_URL that you were given');
  const settings = new Map<string, string>();
  const unknown: string[] = [];
  for (const [name, value] of asked) {
    const plain = name.toLowerCase();
    if (plain === 'user' || plain === 'database') continue;
    if (plain.startsWith('_pq_.')) unknown.push(name);
    else if (plain === 'client_encoding') refuseOtherEncoding(value);
    else if (plain === 'replication' && !['false', 'off', 'no', '0'].includes(value))
      throw refuse('DENIED', 'replication connections are not for agents');
    else if (plain === 'options' && value.trim() !== '')
      throw refuse('BAD_REQUEST', 'start-up options are not taken', 'set what you need with SET, once connected');
    else if (wished.has(plain)) settings.set(plain, value);
    else if (plain !== 'replication' && plain !== 'options')
      throw refuse('BAD_REQUEST', `start-up parameter \`${name}\` is not taken`, 'leave it out');
  }
  const behind = minor > newestMinor || unknown.length > 0;
  return {
    user,
    database,
    settings,
    minor: Math.min(minor, newestMinor),
    negotiation: behind ? negotiation(Math.min(minor, newestMinor), unknown) : undefined,
  };
}

/** Only text in UTF-8 is judged. */
function refuseOtherEncoding(value: string): void {
  const plain = value.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (plain === 'utf8' || plain === 'unicode' || plain === 'auto') return;
  throw refuse('BAD_REQUEST', `client_encoding \`${value}\` is not spoken here`, 'use UTF8');
}

/** NegotiateProtocolVersion. */
function negotiation(minor: number, unknown: readonly string[]): Frame {
  return frame('v', int32((protocol3 << 16) | minor), int32(unknown.length), ...unknown.map((name) => cstring(name)));
}
