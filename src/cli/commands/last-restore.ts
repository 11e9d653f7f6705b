import type { Api } from '../api/api.ts';
import type { BackupState } from '../../contract/backup-state.ts';
import type { Hold } from '../../model/hold.ts';
import type { PageSection } from '../../model/page.ts';

/** What could be brought back if this goes wrong: the last verified restore, and the command. Nothing where it is no database. */
export async function lastRestore(api: Api, { id, request }: Hold): Promise<readonly PageSection[]> {
  if (request.gate !== 'postgres') return [];
  const told = await api.get<{ backups: readonly BackupState[] }>('/v1/backups').catch(() => undefined);
  if (told === undefined) return [section(['what copies there are is not known'], true)];
  const found = told.backups.find((one) => one.name === request.upstream);
  if (found?.newest === undefined)
    return [section([`there is no copy of ${request.upstream}: what is lost is lost`], true)];
  const { lastGoodDrill, newest, verdict } = found;
  return [
    section(
      [
        `last verified restore: ${lastGoodDrill?.at ?? 'never'}; newest copy to ${newest.restorableTo} (${verdict})`,
        `to just before it: holdpoint restore ${found.name} --to before:${id} --identity <key> --as <folder>`,
      ],
      verdict !== 'good',
    ),
  ];
}

function section(texts: readonly string[], isBad: boolean): PageSection {
  return { title: 'Backups', lines: texts.map((text) => ({ text, tone: isBad ? 'warning' : 'plain' })) };
}
