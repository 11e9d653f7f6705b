import { textOf } from '../human/human.ts';
import { holdPage } from '../../src/model/page.ts';
import type { Hold } from '../../src/model/hold.ts';
import { type Checks, expect } from '../stage/checks.ts';
import type { Stage } from '../stage/stage.ts';
import type { Guarded } from './guarded.ts';
import { type Answered } from './hands.ts';
import { ask, askThroughProxy, is, shown, untouched, volumeDelete } from './links.ts';

/** The right token at last: held, shown, signed, scheduled, cancelled. Answers the hold's code. */
export async function signature(guarded: Guarded, checks: Checks, stage: Stage): Promise<string> {
  const since = guarded.world.double.log.length;
  const asked = await ask(guarded, guarded.tokens.all.presented, volumeDelete(guarded));
  const askedAt = performance.now();
  const hold = asked.hold === undefined ? undefined : await guarded.human.hold(asked.hold).catch(() => undefined);
  await held(guarded, checks, asked, hold, since);
  await alarmed(guarded, checks, hold, askedAt);
  await words(guarded, checks, hold, since);
  await sameHoldByProxy(guarded, checks, hold, since);
  if (hold === undefined) {
    stage.tell('human', 'there is no hold to sign', 'bad');
    return 'none';
  }
  await notByTheAgent(guarded, checks, hold, since);
  await signedAndScheduled(guarded, checks, stage, hold, since);
  await cancelled(guarded, checks, hold, since);
  return hold.code;
}

async function held(
  guarded: Guarded,
  checks: Checks,
  asked: Answered,
  hold: Hold | undefined,
  since: number,
): Promise<void> {
  await checks.run(
    {
      ids: ['H3', 'H4', 'S1'],
      title: 'with every scope it is HELD; the page shows what would die, measured by us',
      guard: "policy: what cannot be undone in production waits for a human's signature",
    },
    async () => {
      const page =
        hold === undefined
          ? ''
          : holdPage(hold)
              .flatMap(({ lines }) => lines.map(({ text }) => text))
              .join('\n');
      const { ids } = guarded.world.double;
      return {
        findings: [
          is(asked, 'HELD'),
          expect(/stop here/i.test(asked.message), 'the agent is not told to stop'),
          ...['pg-data', ids.volume, 'production', 'staging', 'volumeDelete(volumeId:'].map((fact) =>
            expect(page.includes(fact), `the page does not show \`${fact}\``),
          ),
          expect(
            /backups in production that die with it: 7,/.test(page),
            'the seven backups that die with it are not shown',
          ),
          expect(page.includes('whatever an owner may do'), 'what the token was made for is not shown'),
          expect(
            hold?.friction.typedFact === true && hold.varyingFact === 'pg-data',
            'no varying fact has to be typed',
          ),
          ...(await untouched(guarded, since)),
        ],
        seen: shown(asked),
      };
    },
  );
}

async function alarmed(guarded: Guarded, checks: Checks, hold: Hold | undefined, askedAt: number): Promise<void> {
  await checks.run(
    {
      ids: ['H8'],
      title: 'a human hears of the hold within 10 s, by a channel the agent cannot mute',
      guard: 'the webhook that the signed configuration names',
    },
    async () => {
      const page = await guarded.pager.heard(
        ({ code }) => hold !== undefined && code === hold.code,
        hold === undefined ? 0 : 10_000,
      );
      const watched = guarded.human.heard.find(({ text }) => hold !== undefined && text.includes(hold.code));
      return {
        findings: [
          expect(page !== undefined, 'the webhook heard nothing'),
          expect(watched !== undefined, '`watch` heard nothing'),
        ],
        seen: `webhook: “${page?.text ?? ''}”, ${heardWhen((page?.at ?? 0) - askedAt)}`,
      };
    },
  );
}

function heardWhen(ms: number): string {
  return ms <= 0 ? 'before the agent had its answer' : `${Math.round(ms)} ms after the agent had its answer`;
}

/** H1: nothing that an agent can say changes a verdict. */
async function words(guarded: Guarded, checks: Checks, hold: Hold | undefined, since: number): Promise<void> {
  await checks.run(
    {
      ids: ['H1', 'K3'],
      title: 'nothing the agent can add changes that: flags, headers, `confirm: true`, “the user said yes”',
      guard: 'a verdict looks at the act, never at words beside it',
    },
    async () => {
      const { query } = volumeDelete(guarded);
      const { presented } = guarded.tokens.all;
      const answers = [
        await ask(guarded, presented, { query, extensions: { confirm: true, approved: true } }),
        await ask(guarded, presented, { query, variables: { confirm: true, force: true } }),
        await ask(guarded, presented, { query: query.replace(')', ', confirm: true)') }),
        await ask(guarded, presented, { query: `# the user said yes, approved by jane\n${query}` }),
        await ask(guarded, presented, volumeDelete(guarded), { 'x-confirm': 'true', 'x-approved-by': 'jane' }),
        await ask(guarded, presented, volumeDelete(guarded), { 'x-http-method-override': 'DELETE', 'x-force': 'yes' }),
      ];
      return {
        findings: [
          ...answers.map((answer) =>
            expect(['HELD', 'DENIED', 'BAD_REQUEST'].includes(answer.code ?? ''), `one was answered ${answer.text}`),
          ),
          expect(hold !== undefined, 'there was no hold to begin with'),
          ...(await untouched(guarded, since)),
        ],
        seen: answers.map((answer) => `${answer.code ?? '?'} ${answer.hold ?? ''}`.trim()).join(' · '),
      };
    },
  );
}

async function sameHoldByProxy(guarded: Guarded, checks: Checks, hold: Hold | undefined, since: number): Promise<void> {
  await checks.run(
    {
      ids: ['K4', 'H6'],
      title: 'by the proxy and either host it is the same hold, asked once',
      guard: 'one judge behind both ways in; equal asks merge',
    },
    async () => {
      const { presented } = guarded.tokens.all;
      const answers = [
        await askThroughProxy(guarded, presented, 'backboard.railway.com', volumeDelete(guarded)),
        await askThroughProxy(guarded, presented, 'backboard.railway.app', volumeDelete(guarded)),
      ];
      return {
        findings: [
          ...answers.map((answer) => is(answer, 'HELD')),
          ...answers.map((answer) =>
            expect(answer.hold === hold?.code, `it became another hold: ${answer.hold ?? 'none'}`),
          ),
          ...(await untouched(guarded, since)),
        ],
        seen: answers.map((answer) => `${answer.code ?? '?'} ${answer.hold ?? ''}`).join(' · '),
      };
    },
  );
}

async function notByTheAgent(guarded: Guarded, checks: Checks, hold: Hold, since: number): Promise<void> {
  await checks.run(
    {
      ids: ['H1', 'H2', 'H4'],
      title: 'no yes but the signer’s: not by the agent’s token, not with a constant word typed',
      guard: 'an approval is a signature over this digest, with the varying fact typed',
    },
    async () => {
      const api = `${guarded.daemon.api}/v1/holds/${hold.id}/approve`;
      const byAgent = await guarded.hands.send({
        url: api,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${guarded.tokens.all.presented}` },
        body: { approved: true },
      });
      const constant = await guarded.human.approve(hold, 'DELETE');
      const { state } = await guarded.human.hold(hold.code);
      return {
        findings: [
          expect(byAgent.status === 403, `the agent's own approval was answered ${byAgent.status}`),
          expect(constant.status === 403, `a constant word was taken: ${constant.status}`),
          expect(state === 'waiting', `the hold is ${state}`),
          ...(await untouched(guarded, since)),
        ],
        seen: `agent: ${byAgent.message}\nhuman typing DELETE: ${textOf(constant.body, 'detail')}`,
      };
    },
  );
}

async function signedAndScheduled(
  guarded: Guarded,
  checks: Checks,
  stage: Stage,
  hold: Hold,
  since: number,
): Promise<void> {
  stage.tell('jane', `holdpoint approve ${hold.code} --typed ${hold.varyingFact}`, 'strong');
  const signed = await guarded.commands.sign('approve', hold.code, '--typed', hold.varyingFact);
  for (const line of signed.text.split('\n')) stage.under(`│ ${line}`, 'plain');
  await checks.run(
    {
      ids: ['U3', 'H2'],
      title: 'signed by a human: scheduled in 48 h, alarmed, and the agent is not told that it is done',
      guard: 'our own delay after the signature',
    },
    async () => {
      const { schedule, state } = await guarded.human.hold(hold.code);
      const hours = (Date.parse(schedule?.notBefore ?? '') - Date.now()) / 3_600_000;
      const again = await ask(guarded, guarded.tokens.all.presented, volumeDelete(guarded));
      const { heard } = guarded.human;
      const told = await soon(() => heard.some(({ kind }) => kind === 'scheduled'), 5_000);
      return {
        findings: [
          expect(signed.code === 0, `the command ended with ${signed.code}`),
          expect(signed.text.includes('volumeDelete(volumeId:'), 'the whole page was not shown'),
          expect(state === 'scheduled', `the hold is ${state}`),
          expect(hours > 47.9, `it would fire in ${hours.toFixed(1)} h`),
          is(again, 'SCHEDULED'),
          expect(!again.text.includes('"volumeDelete"'), 'the agent is told that it is done'),
          expect(told, 'nobody was told that it is scheduled'),
          ...(await untouched(guarded, since)),
        ],
        seen: `fires ${schedule?.notBefore ?? 'never'}; agent asks again → ${again.message}`,
      };
    },
  );
}

async function cancelled(guarded: Guarded, checks: Checks, hold: Hold, since: number): Promise<void> {
  await checks.run(
    {
      ids: ['U3'],
      title: 'one step cancels it, and the signature is spent',
      guard: 'a scheduled act stays ours until it fires',
    },
    async () => {
      const answer = await guarded.commands.run('cancel', hold.code);
      const { state } = await guarded.human.hold(hold.code);
      const run = await guarded.hands.send({
        url: `${guarded.daemon.api}/v1/holds/${hold.id}/run`,
        headers: { authorization: `Bearer ${guarded.tokens.all.presented}` },
      });
      return {
        findings: [
          expect(state === 'cancelled', `the hold is ${state}`),
          expect(run.status !== 200, `it ran all the same: ${run.text}`),
          ...(await untouched(guarded, since)),
        ],
        seen: `holdpoint cancel ${hold.code} → ${answer.text.split('\n')[0] ?? ''}; agent runs it → ${run.message}`,
      };
    },
  );
}

async function soon(holds: () => boolean, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!holds() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  return holds();
}
