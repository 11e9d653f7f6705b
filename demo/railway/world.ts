import { type Caller, sees } from './callers.ts';
import { int, type JsonObject, type Row, text } from './json.ts';
import type { DoubleLog } from './log.ts';
import { type Match, State } from './state.ts';
import { type TableName, tables } from './tables.ts';
import type { VolumeHost } from './volumes.ts';

export const notAuthorized = 'Not Authorized';

/** The double's state, log and disks together. `request` is the one being executed: changes are written down under it. */
export class World {
  readonly state: State;
  readonly log: DoubleLog;
  request: number | null = null;
  /** While seeding, changes are no news. */
  quiet = false;
  #volumes: VolumeHost | null = null;

  constructor(seed: string, log: DoubleLog, now: () => number) {
    this.log = log;
    this.state = new State(
      seed,
      (change) => {
        if (!this.quiet) log.append({ kind: 'change', request: this.request, ...change });
      },
      now,
    );
  }

  get volumes(): VolumeHost {
    if (this.#volumes === null) throw new Error('no volume host yet');
    return this.#volumes;
  }

  set volumes(host: VolumeHost) {
    this.#volumes = host;
  }

  destroyed(what: string, path: string, extent: { readonly files: number; readonly bytes: number }): void {
    if (!this.quiet) this.log.append({ kind: 'destruction', request: this.request, what, path, ...extent });
  }
}

/** One request's view of the world: only what its caller may see. */
export class Call {
  readonly world: World;
  readonly state: State;
  readonly caller: Caller | null;
  readonly request: number;

  constructor(world: World, caller: Caller | null, request: number) {
    this.world = world;
    this.state = world.state;
    this.caller = caller;
    this.request = request;
  }

  /** The caller, or Railway's `Not Authorized`. */
  known(): Caller {
    if (this.caller === null) throw new Error(notAuthorized);
    return this.caller;
  }

  sees(table: TableName, row: Row): boolean {
    return sees(this.state, this.known(), table, row);
  }

  /** The row by id; `… not found` when there is none, `Not Authorized` when the caller may not see it. */
  need(table: TableName, id: string): Row {
    const row = this.state.need(table, id);
    if (!this.sees(table, row)) throw new Error(notAuthorized);
    return row;
  }

  needWhere(table: TableName, match: Match): Row {
    const row = this.state.find(table, match);
    if (row === undefined) throw new Error(`${tables[table] ?? table} not found`);
    if (!this.sees(table, row)) throw new Error(notAuthorized);
    return row;
  }

  list(table: TableName, match: Match = {}): readonly Row[] {
    return this.state.list(table, match).filter((row) => this.sees(table, row));
  }

  /** The person behind an account or workspace token; a project token stands for nobody. */
  user(): Row {
    const caller = this.known();
    if (caller.kind === 'project') throw new Error(notAuthorized);
    return this.state.need('users', caller.userId);
  }

  /** The person behind an account token: what only a person may do to their own account. */
  account(): Row {
    if (this.known().kind !== 'account') throw new Error(notAuthorized);
    return this.user();
  }

  /** The named workspace, or the caller's own first one. */
  workspace(id: string | null): Row {
    if (id !== null) return this.need('workspaces', id);
    const caller = this.known();
    const own = caller.kind === 'workspace' ? caller.workspaceId : this.list('workspaces')[0]?.id;
    if (own === undefined || caller.kind === 'project') throw new Error(notAuthorized);
    return this.need('workspaces', own);
  }

  instance(serviceId: string, environmentId: string): Row {
    this.need('environments', environmentId);
    this.need('services', serviceId);
    return this.needWhere('serviceInstances', { serviceId, environmentId });
  }
}

export type Resolve = (call: Call, args: JsonObject) => unknown;

/** Resolvers by the name of a root field. */
export type Resolvers = Readonly<Record<string, Resolve>>;

/** The next whole number in a column, for ids and ports that Railway counts; one that was given up is not given again. */
export function nextInt(state: State, table: TableName, column: string, from: number): number {
  const highest = Math.max(from - 1, ...state.list(table).map((row) => int(row, column)));
  return state.count(`${table}.${column}`, highest);
}

/** Removes one row the caller may see. */
export function removal(table: TableName, argument = 'id'): Resolve {
  return (call, args) => {
    call.state.remove(table, call.need(table, text(args, argument)).id);
    return true;
  };
}
