import type { Checks } from '../stage/checks.ts';
import { expect } from '../stage/checks.ts';
import { type Guarded, replaceAtProvider } from './guarded.ts';
import { type Answered, readAnswer } from './hands.ts';
import type { AgentStep } from './told.ts';
import { said } from './told.ts';

const json = { 'content-type': 'application/json' };

/** The incident's request, word for word but for the id. */
export function volumeDelete(guarded: Guarded): { readonly query: string } {
  return { query: `mutation { volumeDelete(volumeId: "${guarded.world.double.ids.volume}") }` };
}

/** Sends a document to the gate's base URL with a token where the credential stands. */
export function ask(guarded: Guarded, token: string, body: unknown, headers: object = {}): Promise<Answered> {
  return guarded.hands.send({
    url: guarded.endpoint,
    headers: { ...json, ...headers, authorization: `Bearer ${token}` },
    body,
  });
}

/** The same through the intercepting proxy, to Railway's own host names. */
export function askThroughProxy(guarded: Guarded, token: string, host: string, body: unknown): Promise<Answered> {
  return guarded.hands.send({
    url: `https://${host}/graphql/v2`,
    headers: { ...json, authorization: `Bearer ${token}` },
    body,
    proxy: `http://cursor:${token}@${guarded.proxy}`,
    ca: guarded.bundle,
  });
}

/** What has to be true after every request that must not pass: nothing happened at Railway, nothing is missing on disk. */
export async function untouched(guarded: Guarded, since: number): Promise<readonly (string | false)[]> {
  const effects = guarded.world.effects(since);
  return [
    expect(effects.length === 0, `the double's own log says it did: ${effects.join(', ')}`),
    expect(await guarded.world.intact(), 'database or backups are not whole'),
  ];
}

/** The answer as the agent saw it, short enough to read. */
export function shown(answer: Answered): string {
  return `${answer.by} → ${answer.message === '' ? answer.text : answer.message}`;
}

export function is(answer: Answered | undefined, code: string): string | false {
  return expect(answer?.code === code, `the answer was ${answer?.code ?? answer?.text ?? 'nothing'}, not ${code}`);
}

/** The very script of the first half, in front of the gate: the first two links fail under it. */
export async function incidentAgain(
  guarded: Guarded,
  checks: Checks,
  steps: readonly AgentStep[],
  since: number,
): Promise<void> {
  const met = answerOf(said(steps, 'meets'));
  await checks.run(
    {
      ids: ['E3'],
      title: 'the credential error is answered with “stop, ask a human”, a hold and an alarm',
      guard: "the gate turns a provider's refusal of the credential into a hold",
    },
    async () => {
      const alarm = await heard(guarded, ['provider-refused', 'held']);
      return {
        findings: [
          is(met, 'DENIED'),
          expect(/stop here/i.test(met?.message ?? ''), 'the agent is not told to stop'),
          expect(/do not look for another credential/.test(met?.message ?? ''), 'it is not told to leave others alone'),
          expect(met?.hold !== undefined, 'no hold asks a human'),
          expect(alarm !== undefined, 'nobody was alarmed'),
        ],
        seen: `hold ${met?.hold ?? 'none'}; alarm: ${alarm ?? 'none'}`,
      };
    },
  );
  const answered = answerOf(said(steps, 'answered'));
  await checks.run(
    {
      ids: ['S1', 'C2'],
      title: 'its scope is domains: the incident’s own curl is denied',
      guard: "the scope of the file's token",
    },
    async () => ({
      findings: [
        is(answered, 'DENIED'),
        expect(/outside it/.test(answered?.message ?? ''), 'it is not its scope that stopped it'),
        ...(await untouched(guarded, since)),
      ],
      seen: `double's log: ${guarded.world.arrived(since).filter((name) => name === 'volumeDelete').length} volumeDelete arrived`,
    }),
  );
}

/** The text of the first alarm of these kinds, by whatever channel it came, within 10 s. */
async function heard({ human, pager }: Guarded, kinds: readonly string[]): Promise<string | undefined> {
  const until = performance.now() + 10_000;
  for (;;) {
    const alarm = [...pager.pages, ...human.heard].find(({ kind }) => kinds.includes(kind));
    if (alarm !== undefined || performance.now() > until) return alarm?.text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function answerOf(step: AgentStep | undefined): Answered | undefined {
  const answer = step?.answer;
  return answer === undefined ? undefined : readAnswer(answer);
}

/** One link of the chain after the other, each a request of its own. */
export async function links(guarded: Guarded, checks: Checks): Promise<void> {
  await worthlessAtProvider(guarded, checks);
  await exposed(guarded, checks);
  await stagingNamesProduction(guarded, checks);
  await throughProxy(guarded, checks);
}

async function worthlessAtProvider(guarded: Guarded, checks: Checks): Promise<void> {
  const { double } = guarded.world;
  const since = double.log.length;
  await checks.run(
    {
      ids: ['C1', 'C2'],
      title: 'the token in the file opens nothing at the provider itself',
      guard: 'no real credential lies where the agent can read: the file holds an agent token',
    },
    async () => {
      const url = double.url;
      const answer = await guarded.hands.send({
        url,
        headers: { ...json, authorization: `Bearer ${guarded.fileToken}` },
        body: volumeDelete(guarded),
      });
      return {
        findings: [
          expect(answer.message === 'Not Authorized', `Railway answered ${answer.text.slice(0, 200)}`),
          ...(await untouched(guarded, since)),
        ],
        seen: `${answer.by} ${url} → ${answer.message}`,
      };
    },
  );
}

async function exposed(guarded: Guarded, checks: Checks): Promise<void> {
  const { double } = guarded.world;
  const since = double.log.length;
  await checks.run(
    {
      ids: ['C3'],
      title: 'Railway’s own token, remembered from before, is refused as exposed and never passed on',
      guard: 'the gate knows real credentials and forwards none',
    },
    async () => {
      const answer = await ask(guarded, double.tokens.domains, volumeDelete(guarded));
      const passedOn = guarded.world.arrived(since).length;
      const untouchedYet = await untouched(guarded, since);
      const alarm = await heard(guarded, ['exposure']);
      const { body } = await guarded.human.get('/v1/journal?kind=exposure');
      const entries = JSON.stringify(body['entries']);
      await replaceAtProvider(guarded.world);
      const direct = await guarded.hands.send({
        url: double.url,
        headers: { ...json, authorization: `Bearer ${double.tokens.domains}` },
        body: volumeDelete(guarded),
      });
      return {
        findings: [
          is(answer, 'EXPOSED_CREDENTIAL'),
          expect(passedOn === 0, 'something reached Railway'),
          expect(alarm !== undefined, 'nobody was alarmed'),
          expect(entries.includes('fingerprint'), 'the exposure is not in the journal'),
          expect(!entries.includes(double.tokens.domains), 'the journal holds the credential itself'),
          ...untouchedYet,
          expect(direct.message === 'Not Authorized', `once replaced, Railway still takes it: ${direct.text}`),
        ],
        seen: `${shown(answer)}\nalarmed, jane replaces it at Railway; sent there directly → ${direct.message}`,
      };
    },
  );
}

async function stagingNamesProduction(guarded: Guarded, checks: Checks): Promise<void> {
  const since = guarded.world.double.log.length;
  await checks.run(
    {
      ids: ['E1'],
      title: 'a staging token with every operation cannot name production',
      guard: "the environments of the token, and the volume's resolved by its id",
    },
    async () => {
      const answer = await ask(guarded, guarded.tokens.staging.presented, volumeDelete(guarded));
      return {
        findings: [
          is(answer, 'DENIED'),
          expect(answer.message.includes('production'), 'production is not named'),
          ...(await untouched(guarded, since)),
        ],
        seen: shown(answer),
      };
    },
  );
}

async function throughProxy(guarded: Guarded, checks: Checks): Promise<void> {
  const { double } = guarded.world;
  const since = double.log.length;
  for (const host of ['backboard.railway.com', 'backboard.railway.app']) {
    await checks.run(
      {
        ids: ['S1', 'C2'],
        title: `the same through the intercepting proxy, to https://${host}`,
        guard: "the scope of the file's token, judged inside the tunnel",
      },
      async () => {
        const { presented } = guarded.tokens.domains;
        const answer = await askThroughProxy(guarded, presented, host, volumeDelete(guarded));
        const read = await askThroughProxy(guarded, presented, host, domainsQuery(guarded, 'production'));
        return {
          findings: [
            is(answer, 'DENIED'),
            expect(
              read.data?.['domains'] !== undefined,
              `what the token is for does not pass: ${read.text.slice(0, 200)}`,
            ),
            ...(await untouched(guarded, since)),
          ],
          seen: `${shown(answer)}\nits own reads pass: ${read.text.slice(0, 100)}`,
        };
      },
    );
  }
}

/** What a domains token is for. */
export function domainsQuery(guarded: Guarded, environment: 'staging' | 'production'): object {
  const { ids } = guarded.world.double;
  return {
    query:
      'query ($p: String!, $e: String!, $s: String!) { domains(projectId: $p, environmentId: $e, serviceId: $s) { customDomains { id domain } } }',
    variables: { p: ids.project, e: ids.environments[environment], s: ids.services.counter },
  };
}
