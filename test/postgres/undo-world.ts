import type { TestServer } from './server.ts';
import type { PostgresStage } from './stage.ts';
import type { UndoPlan, UndoRunPlan } from '../../src/contract/api.ts';
import type { Bearer, Outcome } from '../../src/contract/road.ts';
import { Refused } from '../../src/model/refusal.ts';
import { planUndo, undo } from '../../src/road/undo/put-back.ts';
import { planRun } from '../../src/road/undo/run.ts';
import { select, type UndoWhat } from '../../src/road/undo/select.ts';

/** The role that sees everything, as `connect` makes it. */
export const undoRole = `create role holdpoint_undo login bypassrls password 'secret'; grant pg_read_all_data to holdpoint_undo`;

/** A digest of every row of every table that holds rows, by the table's name; asked past everything of ours. */
export async function digests(server: TestServer): Promise<{ readonly [table: string]: string }> {
  const { rows: tables } = await server.query(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.oid >= 16384 order by 1`);
  const found: { [table: string]: string } = {};
  for (const { name } of tables) {
    const table = String(name);
    const { rows } = await server.query(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), '') as digest from only ${table} t`,
    );
    found[table] = String(rows[0]?.['digest']);
  }
  return found;
}

/** What undoing the newest before-image would do. */
export async function planLast(stage: PostgresStage): Promise<UndoPlan> {
  const [image] = await stage.rig.road.images.list();
  return planUndo(stage.rig.road, stage.rig.road.images, image?.id ?? '');
}

/** Undoes the newest before-image as a human would. */
export async function undoLast(stage: PostgresStage, overConflicts = false): Promise<readonly Outcome[]> {
  const [image] = await stage.rig.road.images.list();
  if (image === undefined) throw new Error('nothing was secured');
  return undoOne(stage, image.id, overConflicts);
}

export async function undoOne(stage: PostgresStage, image: string, overConflicts = false): Promise<readonly Outcome[]> {
  // Ids of the same millisecond have no order, and the rig's clock stands still.
  stage.rig.clock.step(1);
  const outcomes = await undo(stage.rig.road, stage.rig.road.images, image, asHuman(stage), overConflicts);
  stage.rig.clock.step(1);
  return outcomes;
}

export function asHuman(stage: PostgresStage): Bearer {
  return { ...stage.agent, principal: { ...stage.agent.principal, kind: 'human' } };
}

/** One plan for the undo of several acts. */
export async function planWhat(stage: PostgresStage, what: UndoWhat): Promise<UndoRunPlan> {
  return planRun(stage.rig.road, await select(stage.rig.road, what));
}

/** Undoes several acts as a human would, newest first; stops at the first that does not go, and says what was undone and why not more. */
export async function undoWhat(
  stage: PostgresStage,
  what: UndoWhat,
): Promise<{ readonly undone: readonly string[]; readonly stopped?: string }> {
  const undone: string[] = [];
  for (const { image } of (await planWhat(stage, what)).images) {
    const detail = await refusalOf(undoOne(stage, image));
    if (detail !== undefined) return { undone, stopped: detail };
    undone.push(image);
  }
  return { undone };
}

async function refusalOf(outcomes: Promise<readonly Outcome[]>): Promise<string | undefined> {
  try {
    const refused = (await outcomes).find((one) => one.kind === 'refused');
    return refused?.refusal.detail;
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.refusal.detail;
    throw thrown;
  }
}
