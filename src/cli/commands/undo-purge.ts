import { said } from './undo.ts';
import type { BeforeImage } from '../../contract/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';

const mostAtOnce = 1_000;

/** Ends undos: what was secured is gone. Irreversible, so a person signs exactly these. */
export const purge: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const { images } = await api.get<{ images: readonly BeforeImage[] }>('/v1/undo');
  const chosen = choose(invocation, images);
  if (chosen.length === 0) {
    out.show({ purged: [] }, () => out.line('there is nothing to purge'));
    return exitCode.done;
  }
  const alive = chosen.filter((one) => one.state === 'settled').length;
  const answer = await signedAct<{ purged: readonly string[] }>(invocation, api, {
    kind: 'undo-purge',
    body: { images: chosen.map((one) => one.id) },
    lines: [
      ...chosen.map(
        (one) =>
          `${one.state === 'settled' ? 'can be undone until now: ' : `${one.state} already: `}${said(asStep(one))}`,
      ),
      `what was secured for ${chosen.length} is gone after this; ${alive} of them can then never be undone`,
    ],
  });
  out.show(answer, () =>
    out.line(['good', 'purged'], ` ${answer.purged.length}; that they were stays in \`undo list --all\``),
  );
  return exitCode.done;
};

function choose(invocation: Invocation, images: readonly BeforeImage[]): readonly BeforeImage[] {
  const ids = invocation.list('id');
  const agent = invocation.text('agent');
  const environment = invocation.text('environment');
  const older = invocation.text('olderThan');
  const word = invocation.word(0);
  const named = word === undefined ? ids : [word, ...ids];
  const before =
    older === undefined ? undefined : new Date(Date.now() - invocation.duration('olderThan', 0)).toISOString();
  if (named.length === 0 && before === undefined)
    throw misused(
      'which undos should end?',
      'name them by id, or give --older-than 90d; list them: holdpoint undo list',
    );
  if (invocation.text('since') !== undefined)
    throw misused('a purge goes by age, not by a moment', 'leave --since out; see --older-than');
  const strange = named.find((id) => !images.some((one) => one.id === id));
  if (strange !== undefined)
    throw misused(
      `there is no before-image \`${strange}\``,
      'an undo is ended by its own id: holdpoint undo list --all',
    );
  const chosen = images.filter(
    (one) =>
      (named.length === 0 ? one.state !== 'purged' && one.state !== 'secured' : named.includes(one.id)) &&
      (before === undefined || one.securedAt < before) &&
      (agent === undefined || one.principal === agent) &&
      (environment === undefined || one.environments.includes(environment)),
  );
  if (chosen.length > mostAtOnce)
    throw misused(
      `that is ${chosen.length} undos; one signature ends ${mostAtOnce} at most`,
      'narrow it: --agent, --environment',
    );
  return chosen;
}

function asStep(one: BeforeImage): Parameters<typeof said>[0] {
  return { ...one, image: one.id, steps: [], conflicts: [], notUndone: [], unless: [] };
}
