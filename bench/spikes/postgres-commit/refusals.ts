/** A Refusal in PostgreSQL's own tongue: SQLSTATE, message, detail, hint. */
import type { Refusal } from './frames.ts';
import type { Answer } from './road.ts';

export const UNKNOWN: Refusal = {
  sqlstate: 'HP001',
  message: 'statement is not understood and was not run',
  hint: 'stop and ask a human',
};
export const LATE: Refusal = {
  sqlstate: 'HP002',
  message: 'write after a flushed read in one pipeline',
  hint: 'send BEGIN first',
};
export const CANCELLED: Refusal = { sqlstate: '57014', message: 'canceling statement due to user request' };

/** What the agent is told in the place of its COMMIT's success. */
export function refusalFor(answer: Answer): Refusal {
  if (answer.kind === 'failed') return { sqlstate: 'HP003', message: 'commit could not be judged and was rolled back' };
  const rows = answer.hold.measured.counts
    .map((c) => `${c.table}: +${c.inserted} ~${c.updated} -${c.deleted}`)
    .join(', ');
  const { id } = answer.hold;
  return {
    sqlstate: 'HP010',
    message: `held for a human, nothing was changed: \`${id}\``,
    detail: rows,
    hint: `stop; after approval run \`holdpoint run ${id}\``,
  };
}
