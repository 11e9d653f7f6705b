import type { BriefHold, GoalLock } from '../../contract/api.ts';
import { exitCode, exitOfState } from '../exit-code.ts';
import { misused } from '../complaint.ts';
import type { Run } from '../invocation.ts';
import { isWhole, proved } from '../signing/held.ts';
import { signedAct } from '../signing/act.ts';
import { lastRestore } from './last-restore.ts';
import { printPage } from '../terminal/page.ts';
import { printTable } from '../terminal/table.ts';
import { endedHoldStates, type Hold, type HoldState } from '../../model/hold.ts';
import { holdPage } from '../../model/page.ts';

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const state = invocation.text('state');
  const query = state === undefined ? '' : `?state=${encodeURIComponent(state)}`;
  const { holds } = await invocation.api().get<{ holds: readonly Hold[] }>(`/v1/holds${query}`);
  const shown = state !== undefined || invocation.flag('all') ? holds : holds.filter((hold) => !isEnded(hold.state));
  out.show({ holds: shown }, () => {
    if (shown.length === 0) {
      out.line(
        holds.length === 0 ? 'nothing was ever held' : `nothing is open; ${holds.length} ended: --all shows them`,
      );
      return;
    }
    printTable(
      out,
      ['hold', 'state', 'agent', 'what', 'expires'],
      shown.map((hold) => [
        ['strong', hold.code],
        [hold.state === 'waiting' ? 'warning' : 'plain', hold.state],
        hold.request.principal.name,
        whatOf(hold),
        isEnded(hold.state) ? '' : (hold.schedule?.notBefore ?? hold.expiresAt),
      ]),
    );
  });
  return exitCode.done;
};

/** `railway:volumeDelete “pg-prod” (production)` */
function whatOf(hold: Hold): string {
  if (hold.kind === 'question') return `a question: ${hold.reasons[0] ?? ''}`;
  return hold.request.actions
    .map((action) => {
      const names = action.resources.map((one) => `“${one.name ?? one.id}”`).join(', ');
      return `${action.operation}${names === '' ? '' : ` ${names}`}`;
    })
    .concat(`(${hold.request.environments.join(' + ')})`)
    .join(' ');
}

function isEnded(state: HoldState): boolean {
  return endedHoldStates.includes(state);
}

export const show: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const found = await api.get<Hold | BriefHold>(holdPath(invocation.needed(0)));
  if (!isWhole(found)) {
    out.show(found, () => out.line(['strong', found.code], ` is ${found.state}: ${whatNow(found)}`));
    return exitCode.done;
  }
  const hold = proved(found);
  const backups = out.json ? [] : await lastRestore(api, hold);
  out.show(hold, () => {
    out.line(['strong', `${hold.code} is ${hold.state}`]);
    printPage(out, [...holdPage(hold), ...backups]);
  });
  return exitCode.done;
};

export const locks: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<{ locks: readonly GoalLock[] }>('/v1/locks');
  out.show(found, () => {
    if (found.locks.length === 0) return out.line('no goal is locked');
    return printTable(
      out,
      ['lock', 'denied', 'by', 'operations', 'said'],
      found.locks.map((one) => [one.id, one.hold, one.by, one.operations.join(', '), one.note]),
    );
  });
  return exitCode.done;
};

export const unlock: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const id = invocation.needed(0);
  const { locks } = await api.get<{ locks: readonly GoalLock[] }>('/v1/locks');
  const lock = locks.find((one) => one.id === id || one.hold === id);
  if (lock === undefined) throw misused(`there is no goal lock \`${id}\``, 'list them: holdpoint hold locks');
  const answer = await signedAct(invocation, api, {
    kind: 'unlock',
    body: { id: lock.id },
    lines: [`the denial of ${lock.hold} no longer locks ${lock.operations.join(', ')}`],
  });
  out.show(answer, () => out.line(['good', 'unlocked'], ` ${lock.hold}: the agent may ask for it again`));
  return exitCode.done;
};

export const cancel: Run = async (invocation) => {
  const hold = await invocation.api().post<Hold>(holdPath(invocation.needed(0), 'cancel'));
  invocation.out.show(hold, () =>
    invocation.out.line(['good', 'cancelled'], ` ${hold.code}: it will not run; the agent has to ask again`),
  );
  return exitCode.done;
};

/** By the agent that asked, with its own token: it does not want it any more. */
export const withdraw: Run = async (invocation) => {
  const hold = await invocation.api().post<BriefHold>(holdPath(invocation.needed(0), 'withdraw'));
  invocation.out.show(hold, () =>
    invocation.out.line(['good', 'withdrawn'], ` ${hold.code}: it will not run; ask again if it is wanted after all`),
  );
  return exitCode.done;
};

const askEverySeconds = 20;

export const wait: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const until = Date.now() + invocation.duration('for', 20_000);
  let hold: BriefHold;
  do {
    const seconds = Math.max(0, Math.min(askEverySeconds, (until - Date.now()) / 1_000));
    hold = await api.get<BriefHold>(`${holdPath(invocation.needed(0), 'wait')}?seconds=${seconds}`, {
      timeoutMs: (askEverySeconds + 30) * 1_000,
    });
  } while (hold.state === 'waiting' && Date.now() < until);
  out.show(hold, () => out.line(['strong', hold.code], ` is ${hold.state}: ${whatNow(hold)}`));
  return exitOfState(hold.state);
};

function whatNow(hold: BriefHold): string {
  switch (hold.state) {
    case 'waiting':
      return `nobody has decided yet; wait again: holdpoint wait ${hold.code}`;
    case 'approved':
      return `run it: holdpoint run ${hold.code}`;
    case 'scheduled':
      return `it is signed and runs by itself, not before ${hold.schedule?.notBefore ?? 'its time'}; it is not done`;
    case 'running':
      return 'it is under way';
    case 'done':
      return 'it took effect';
    case 'failed':
      return 'it was sent and the far side did not do it';
    case 'unknown':
      return 'it is not known whether it took effect; a human has to look, do not repeat it';
    case 'denied':
      return 'a human refused this goal; do not try it another way, tell the person you work for';
    case 'withdrawn':
    case 'expired':
    case 'cancelled':
      return 'it will not run; silence is no';
    default:
      return hold.state satisfies never;
  }
}

export function holdPath(id: string, act?: string): string {
  return `/v1/holds/${encodeURIComponent(id)}${act === undefined ? '' : `/${act}`}`;
}
