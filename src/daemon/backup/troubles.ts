import { type DestructionAttempt, SourceFailed } from '../../contract/backup.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Journal } from '../../road/journal/journal.ts';

/** A store let us destroy what we had put there. */
export class NoBackup extends Error {
  override readonly name = 'NoBackup';

  constructor(store: string, attempts: readonly DestructionAttempt[]) {
    const through = attempts.filter((one) => !one.refused).map((one) => one.what);
    super(`store \`${store}\` is no backup: it did not refuse to ${through.join(', to ') || 'be tried'}`);
  }
}

/** What part of the copying is in trouble. */
export type TroubledPart = 'stores' | 'log' | 'base' | 'slot' | 'dump';

interface Trouble {
  readonly thrown: unknown;
  readonly text: string;
  readonly since: number;
  told: boolean;
}

export interface TroubleParts {
  readonly name: string;
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'record'>;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
  readonly diagnose: (where: string, cause: unknown) => void;
  /** Milliseconds that a line or a store may be away unremarked. */
  readonly patience: number;
}

/** What goes wrong with one backup just now. Told by alarm and journal when it lasts, or at once where waiting will not mend it. */
export class Troubles {
  readonly #parts: TroubleParts;
  readonly #present = new Map<TroubledPart, Trouble>();

  constructor(parts: TroubleParts) {
    this.#parts = parts;
  }

  get sentences(): readonly string[] {
    return [...this.#present.values()].map(({ text }) => text);
  }

  /** It works again; `mended` says of what kept it from working whether that is known to be over. */
  over(part: TroubledPart, mended: (thrown: unknown) => boolean = () => true): void {
    const trouble = this.#present.get(part);
    if (trouble !== undefined && mended(trouble.thrown)) this.#present.delete(part);
  }

  begin(part: TroubledPart, thrown: unknown): void {
    const { clock, patience } = this.#parts;
    const before = this.#present.get(part);
    const trouble: Trouble = {
      thrown,
      text: sentence(thrown),
      since: before?.since ?? clock.now(),
      told: before?.told ?? false,
    };
    this.#present.set(part, trouble);
    if (trouble.told || (!isLasting(thrown) && clock.now() - trouble.since < patience)) return;
    trouble.told = true;
    this.#tell(part, trouble.text);
  }

  #tell(part: TroubledPart, text: string): void {
    const { name, journal, raise, diagnose } = this.#parts;
    raise({ kind: part === 'slot' ? 'slot-lag' : 'backup-failed', text: `backup ${name}: ${text}` });
    journal
      .record({ kind: 'backup-failed', body: { name, part, text } })
      .catch((cause: unknown) => diagnose('backups', cause));
  }
}

/** Waiting alone will not end it. */
function isLasting(thrown: unknown): boolean {
  return thrown instanceof NoBackup || (thrown instanceof SourceFailed && thrown.code !== 'unreachable');
}

function sentence(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const hint = thrown instanceof SourceFailed ? thrown.hint : undefined;
  return hint === undefined ? thrown.message : `${thrown.message}; ${hint}`;
}
