/** Settles a COMMIT whose answer never came, and runs a held plan later: both on a fresh connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Frame } from './frames.ts';
import { ServerError, openLine, type Target } from './line.ts';
import { measure, prepareToMeasure, type Images } from './measure.ts';
import {
  LineBroken,
  mediate,
  type HoldView,
  type Intent,
  type Lease,
  type Outcome,
  type Ports,
  type Settled,
} from './road.ts';

const ASK = `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system,
  substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
  (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
  (SELECT stats_reset::text FROM pg_stat_bgwriter) AS generation`;

/** `transaction ID … is in the future`: the server came back from a crash without our id, so without our COMMIT. */
const IN_THE_FUTURE = '22023';

interface Asked {
  readonly system: string;
  readonly timeline: string;
  readonly database: string;
  readonly generation: string;
}

/**
 * Asks the server itself. After a crash an id that never reached the disk is given out again, and then answers for a stranger: `committed`
 * counts only in the generation it was noted in, while `aborted` is true of ours either way (had it committed, its id would not be free).
 * Waits while the transaction is in progress, then ends the backend that still holds it: its line is gone, so it can only abort.
 */
export async function lookup(target: Target, intent: Intent, patience = 2_000): Promise<Outcome> {
  const client = new Client({ ...target });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Asked>(ASK);
    const here = rows[0];
    if (here?.system !== intent.system || here.timeline !== intent.timeline || here.database !== intent.database)
      return 'unknown';
    const from = Date.now();
    for (let ended = false; ; await sleep(20)) {
      const status = await client.query<{ s: string | null }>('SELECT pg_xact_status($1::text::xid8) AS s', [
        intent.xid,
      ]);
      const said = status.rows[0]?.s;
      if (said === 'aborted') return said;
      if (here.generation !== intent.generation) return 'unknown';
      if (said === 'committed') return said;
      if (said !== 'in progress' || Date.now() - from > patience * 2) return 'unknown';
      if (ended || Date.now() - from < patience) continue;
      const low = String(BigInt(intent.xid) % 4_294_967_296n);
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_xid = $2::text::xid',
        [intent.pid, low],
      );
      ended = true;
    }
  } catch (cause) {
    return (cause as { code?: string }).code === IN_THE_FUTURE ? 'aborted' : 'unknown';
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs a hold's frozen plan on a connection of its own: same road, `ran` zero, and the affected set that was signed. */
export async function replay(
  target: Target,
  hold: HoldView,
  approved: string,
  images: Images | null,
  ports: Ports,
): Promise<Settled> {
  const { line, identity } = await openLine(
    target,
    () => undefined,
    () => undefined,
  );
  try {
    const { horizon } = prepareToMeasure(line);
    const begun = line.own('begin');
    line.flush();
    await begun;
    const lease: Lease = {
      run: (step) => runStep(line, step.bytes),
      measure: () => measure(line, horizon, images),
      intent: (digest, xid) => ({ digest, xid, ...identity }),
      effect: async () => {
        const committed = line.own('commit');
        await line.sync();
        if ((await committed).tag !== 'COMMIT') throw new Error('the server rolled back');
      },
      takeBack: async () => {
        await line.sync();
        const rolledBack = line.own('rollback');
        await line.sync();
        await rolledBack;
      },
    };
    return await mediate({ plan: hold.plan, ran: 0, approved }, lease, ports);
  } finally {
    line.socket.end();
  }
}

type Messages = 'P' | 'B' | 'E' | 'Q';

/** A step is one Query, or Parse, Bind and Execute; rows that come back are dropped here (the real thing streams them to whoever runs the hold). */
async function runStep(line: Awaited<ReturnType<typeof openLine>>['line'], bytes: Buffer): Promise<void> {
  let problem: Error | null = null;
  const take = (frame: Frame): void => {
    if (frame.type === 'E') problem ??= new ServerError(frame);
  };
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const kind = String.fromCharCode(bytes[at] ?? 0) as Messages;
    const skipped = (broken: boolean): void => {
      if (broken) problem = new LineBroken('line broken');
    };
    line.send(bytes.subarray(at, end), { kind, take, skipped });
    at = end;
  }
  await line.sync();
  if (problem !== null) throw problem as Error;
}
