import type { AgentFreeze, FreezeState } from '../../contract/api.ts';
import type { Clock } from '../../contract/clock.ts';
import { isoTime } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import type { Principal } from '../../model/principal.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * Stops every agent write at every door, approved holds and timers too, or those of one agent. Any human may freeze, and
 * velocity does by itself; thawing is signed. Reads go on: they change nothing.
 */
export interface Freeze {
  readonly state: FreezeState;
  /** Throws `Refused` (`FROZEN`) while all writes are stopped, or this principal's. Called before each send, never cached. */
  pass(principal: Pick<Principal, 'id'>): void;
  freeze(by: string, why: string): Promise<FreezeState>;
  freezeAgent(agent: Pick<Principal, 'id' | 'name'>, by: string, why: string): Promise<FreezeState>;
  /** Inside the transaction of the signed act that thaws all. */
  thaw(tx: Transaction, by: string): Promise<() => void>;
  /** The same for one agent, by its name; throws `Refused` when it is not frozen, or when this is another freeze of it. */
  thawAgent(tx: Transaction, agent: string, epoch: number, by: string): Promise<() => void>;
}

const key = 'freeze';
const agentsKey = 'freeze.agents';

export async function openFreeze(parts: { store: Store; journal: JournalWriter; clock: Clock }): Promise<Freeze> {
  const [stored, storedAgents] = await Promise.all([
    parts.store.get('settings', key),
    parts.store.get('settings', agentsKey),
  ]);
  let state: FreezeState = readState(stored, storedAgents);

  return {
    get state() {
      return state;
    },
    pass(principal) {
      if (state.frozen) throw frozenBy(state, 'all agent writes');
      const own = state.agents.find((one) => one.principal === principal.id);
      if (own !== undefined) throw frozenBy(own, `all writes of ${own.name}`);
    },
    async freeze(by, why) {
      const at = isoTime(parts.clock.now());
      const next: FreezeState = { epoch: state.epoch + 1, frozen: true, at, by, why, agents: state.agents };
      // In memory first: from here on nothing is sent, whatever becomes of the disk.
      state = next;
      await parts.store.transact(async (tx) => {
        await tx.put('settings', key, recordOf(next));
        await parts.journal.append(tx, { kind: 'frozen', principal: by, body: { epoch: next.epoch, why } });
      });
      return next;
    },
    async freezeAgent({ id, name }, by, why) {
      const epoch = state.epoch + 1;
      const own: AgentFreeze = { principal: id, name, epoch, at: isoTime(parts.clock.now()), by, why };
      const agents = [...state.agents.filter((one) => one.principal !== id), own];
      state = { ...state, epoch, agents };
      await parts.store.transact(async (tx) => {
        // As it is now: of two freezes at once, the later one to write must not take the other back.
        await tx.put('settings', agentsKey, { agents: state.agents.map((one) => ({ ...one })) });
        await parts.journal.append(tx, { kind: 'frozen', principal: by, body: { epoch, why, agent: name } });
      });
      return state;
    },
    async thaw(tx, by) {
      const thawed = state;
      const at = isoTime(parts.clock.now());
      const next: FreezeState = { ...state, epoch: state.epoch + 1, frozen: false, at, by, why: '' };
      await tx.put('settings', key, recordOf(next));
      await parts.journal.append(tx, { kind: 'thawed', principal: by, body: { epoch: next.epoch } });
      return () => {
        // Somebody who froze while this was being written is not thawed by it.
        if (state === thawed) state = next;
        else if (state.at === thawed.at && state.by === thawed.by && state.frozen === thawed.frozen)
          state = { ...next, epoch: state.epoch + 1, agents: state.agents };
      };
    },
    async thawAgent(tx, agent, epoch, by) {
      const own = state.agents.find((one) => one.name === agent);
      if (own === undefined) throw refuse('BAD_REQUEST', `\`${agent}\` is not frozen`, 'look at `holdpoint status`');
      if (own.epoch !== epoch)
        throw refuse('DENIED', 'this signature is for another freeze', 'look at `holdpoint status` and sign again');
      const left = state.agents.filter((one) => one !== own);
      await tx.put('settings', agentsKey, { agents: left.map((one) => ({ ...one })) });
      await parts.journal.append(tx, { kind: 'thawed', principal: by, body: { epoch, agent } });
      return () => {
        state = { ...state, epoch: state.epoch + 1, agents: state.agents.filter((one) => one !== own) };
      };
    },
  };
}

function frozenBy({ by, at, why }: Pick<FreezeState, 'by' | 'at' | 'why'>, what: string): Error {
  return refuse(
    'FROZEN',
    `${by} stopped ${what} at ${at}`,
    'stop here; ask the person you work for; nothing runs until a human thaws it',
    why === '' ? {} : { reasons: [why] },
  );
}

function recordOf({ agents: _, ...state }: FreezeState): { readonly [member: string]: string | number | boolean } {
  return state;
}

type Stored = { readonly [member: string]: unknown } | undefined;

/** A freeze record that cannot be read counts as frozen. */
function readState(stored: Stored, storedAgents: Stored): FreezeState {
  const agents = readAgents(storedAgents);
  const { epoch = 0, frozen = false, at = '', by = '', why = '' } = stored ?? {};
  const isWhole = stored === undefined || ('epoch' in stored && 'frozen' in stored);
  if (!isWhole || typeof epoch !== 'number' || typeof frozen !== 'boolean' || agents === undefined)
    return {
      epoch: typeof epoch === 'number' ? epoch : 0,
      frozen: true,
      at: '',
      by: 'holdpoint',
      why: 'the stored freeze could not be read',
      agents: agents ?? [],
    };
  const newest = Math.max(epoch, ...agents.map((one) => one.epoch));
  return { epoch: newest, frozen, at: String(at), by: String(by), why: String(why), agents };
}

function readAgents(stored: Stored): readonly AgentFreeze[] | undefined {
  if (stored === undefined) return [];
  const { agents } = stored;
  if (!Array.isArray(agents)) return undefined;
  const read = agents.map((one: unknown) => readAgent(Object(one) as { readonly [member: string]: unknown }));
  return read.some((one) => one === undefined) ? undefined : read.filter((one) => one !== undefined);
}

function readAgent(one: { readonly [member: string]: unknown }): AgentFreeze | undefined {
  const { principal, name, epoch, at, by, why } = one;
  if (typeof principal !== 'string' || typeof name !== 'string' || typeof epoch !== 'number') return undefined;
  return { principal, name, epoch, at: String(at), by: String(by), why: String(why) };
}
