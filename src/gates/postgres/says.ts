import { saying, type Frame } from '../../contract/postgres/frames.ts';
import type { Refusal, RefusalCode } from '../../model/refusal.ts';

/** SQLSTATEs of ours, class `HP`; where PostgreSQL has one that says the same, that one. Documented in docs/postgres.md. */
export const sqlstates: { readonly [code in RefusalCode]: string } = Object.freeze({
  HELD: 'HP001',
  DENIED: 'HP002',
  FROZEN: 'HP003',
  UNAVAILABLE: 'HP004',
  SCHEDULED: 'HP005',
  EXPOSED_CREDENTIAL: 'HP006',
  BAD_TOKEN: '28P01',
  BAD_REQUEST: '0A000',
  OUTCOME_UNKNOWN: '08007',
});

/** A refusal as the server would say an error: its sentence, why, and what to do now. */
export function refusalFrame(refusal: Refusal, severity: 'ERROR' | 'FATAL' = 'ERROR'): Frame {
  const { code, detail, hint, hold, reasons = [] } = refusal;
  const head = hold === undefined ? code : `${code} ${hold}`;
  const why = reasons.filter((one) => one !== '');
  return saying({
    severity,
    code: sqlstates[code],
    message: `${head}: ${detail}`,
    ...(why.length === 0 ? {} : { detail: why.join('; ') }),
    hint,
  });
}

/** What PostgreSQL's own parser complains of, as the server would have said it. */
export function syntaxFrame({ message, position }: { readonly message: string; readonly position: number }): Frame {
  const at = position > 0 ? { position } : {};
  return saying({ severity: 'ERROR', code: '42601', message, ...at });
}

/** What PostgreSQL itself warns of. */
export function warning(code: string, message: string): Frame {
  return saying({ severity: 'WARNING', code, message });
}

export function errorFrame(code: string, message: string, hint?: string): Frame {
  return saying({ severity: 'ERROR', code, message, ...(hint === undefined ? {} : { hint }) });
}
