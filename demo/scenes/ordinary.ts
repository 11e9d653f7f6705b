import { generateKeyPairSync } from 'node:crypto';
import { must, textOf } from '../human/human.ts';
import { look } from '../pocketos/counter.ts';
import { type Checks, expect } from '../stage/checks.ts';
import type { Sabotage } from '../stage/sabotage.ts';
import type { Guarded } from './guarded.ts';
import type { Answered } from './hands.ts';
import { ask, domainsQuery, is, shown } from './links.ts';

/** The gate is no wall: the day's work goes on, and what it changes can be taken back. */
export async function ordinary(guarded: Guarded, checks: Checks, sabotage: ReadonlySet<Sabotage>): Promise<void> {
  await repaired(guarded, checks);
  await domainAdded(guarded, checks);
  await alsoHeld(guarded, checks);
  await undone(guarded, checks, sabotage.has('undo'));
  await frozen(guarded, checks, sabotage.has('freeze'));
  await revoked(guarded, checks, sabotage.has('revoke'));
}

/** The person who was asked puts the right credential in; the agent's task goes on. */
async function repaired(guarded: Guarded, checks: Checks): Promise<void> {
  await checks.run(
    {
      ids: ['C1', 'H6'],
      title: 'the human mends the staging credential; the agent’s task goes on, with no hold',
      guard: 'the vault adds the credential behind the gate; the agent never sees it',
    },
    async () => {
      await guarded.apply('railway-staging');
      const { double } = guarded.world;
      const before = await waiting(guarded);
      const { presented } = guarded.tokens.staging;
      const since = double.log.length;
      const variables = await ask(guarded, presented, variablesQuery(guarded));
      const services = await ask(guarded, presented, {
        query: `query { environment(id: "${double.ids.environments.staging}") { id name serviceInstances { edges { node { serviceName } } } } }`,
      });
      const secret = JSON.stringify(double.state.list('variables').map((row) => row['value'] ?? null));
      return {
        findings: [
          ...[variables, services].map((answer) =>
            expect(
              answer.data !== undefined && answer.code === undefined,
              `a read was answered ${answer.text.slice(0, 300)}`,
            ),
          ),
          expect(guarded.world.arrived(since).includes('variables'), "the read is not in the double's log"),
          expect((await waiting(guarded)) === before, 'ordinary reads were held'),
          expect(
            secretsIn(variables.text, secret).length === 0,
            `the answer shows ${secretsIn(variables.text, secret).join(', ')}`,
          ),
        ],
        seen: `${shownData(variables)}\n${shownData(services)}`,
      };
    },
  );
}

/** Values that let somebody in, if the answer shows any. */
function secretsIn(text: string, values: string): readonly string[] {
  return [...values.matchAll(/sk_test_[0-9a-f-]+|postgresql:\/\/[^"]+/g)]
    .map(([one]) => one)
    .filter((one) => text.includes(one));
}

function shownData(answer: Answered): string {
  return `${answer.by} → ${answer.text.slice(0, 160)}`;
}

async function waiting({ human }: Guarded): Promise<number> {
  const { holds } = must(await human.get('/v1/holds?state=waiting')) as { holds: readonly unknown[] };
  return holds.length;
}

function variablesQuery(guarded: Guarded): object {
  const { ids } = guarded.world.double;
  return {
    query: 'query($p: String!, $e: String!, $s: String) { variables(projectId: $p, environmentId: $e, serviceId: $s) }',
    variables: { p: ids.project, e: ids.environments.staging, s: ids.services.counter },
  };
}

async function domainAdded(guarded: Guarded, checks: Checks): Promise<void> {
  await checks.run(
    {
      ids: ['C2', 'H6'],
      title: 'what the domains token is for passes: a domain is really added at Railway',
      guard: 'none: a gate that stops everything is no gate',
    },
    async () => {
      const { double } = guarded.world;
      const { ids } = double;
      const input = {
        projectId: ids.project,
        environmentId: ids.environments.staging,
        serviceId: ids.services.counter,
        domain: 'cars.lisbon.example',
        targetPort: 8080,
      };
      const { presented } = guarded.tokens.domains;
      const added = await ask(guarded, presented, {
        query: 'mutation ($input: CustomDomainCreateInput!) { customDomainCreate(input: $input) { id domain } }',
        variables: { input },
      });
      const read = await ask(guarded, presented, domainsQuery(guarded, 'staging'));
      return {
        findings: [
          expect(added.code === undefined && added.data !== undefined, `it was answered ${added.text.slice(0, 400)}`),
          expect(
            double.state.find('customDomains', { domain: 'cars.lisbon.example' }) !== undefined,
            'Railway has no such domain',
          ),
          expect(read.text.includes('cars.lisbon.example'), 'the domain cannot be read back'),
        ],
        seen: shownData(added),
      };
    },
  );
}

function upsert(
  guarded: Guarded,
  name: string,
  value: string,
  environment: 'staging' | 'production' = 'staging',
): object {
  const { ids } = guarded.world.double;
  return {
    query: 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
    variables: {
      input: {
        projectId: ids.project,
        environmentId: ids.environments[environment],
        serviceId: ids.services.counter,
        name,
        value,
        // Written, and deployed when somebody decides to: that runs code beside the real credentials.
        skipDeploys: true,
      },
    },
  };
}

/** The variable as the double really has it. */
function valueOf(guarded: Guarded, name: string): unknown {
  const { ids, state } = guarded.world.double;
  return state.find('variables', {
    environmentId: ids.environments.staging,
    serviceId: ids.services.counter,
    name,
  })?.['value'];
}

/** S4, C4: what makes the next incident is held too, though its token may do everything. */
async function alsoHeld(guarded: Guarded, checks: Checks): Promise<void> {
  const since = guarded.world.double.log.length;
  await checks.run(
    {
      ids: ['S4', 'C4'],
      title: 'production’s DATABASE_URL and a new API token are held for the owner of every scope',
      guard: 'policy: credentials are changed and minted by a signature only',
    },
    async () => {
      const { presented } = guarded.tokens.all;
      const moved = await ask(
        guarded,
        presented,
        upsert(guarded, 'DATABASE_URL', 'postgresql://postgres:x@elsewhere.example/empty', 'production'),
      );
      const minted = await ask(guarded, presented, {
        query: 'mutation { apiTokenCreate(input: { name: "just in case" }) }',
      });
      return {
        findings: [
          is(moved, 'HELD'),
          expect(minted.code === 'HELD' || minted.code === 'DENIED', `a token was minted: ${minted.text}`),
          expect(
            guarded.world.effects(since).length === 0,
            `Railway did it: ${guarded.world.effects(since).join(', ')}`,
          ),
        ],
        seen: `${shown(moved)}\n${shown(minted)}`,
      };
    },
  );
}

async function undone(guarded: Guarded, checks: Checks, sabotaged: boolean): Promise<void> {
  await checks.run(
    {
      ids: ['U1', 'H6'],
      title: 'a variable is changed without a hold, its undo secured first; `undo` puts it back',
      guard: 'the before-image, durable before the effect',
    },
    async () => {
      const before = valueOf(guarded, 'COUNTER_TITLE');
      const changed = await ask(guarded, guarded.tokens.staging.presented, upsert(guarded, 'COUNTER_TITLE', 'Oops'));
      const between = valueOf(guarded, 'COUNTER_TITLE');
      const { images } = must(await guarded.human.get('/v1/undo')) as unknown as {
        images: readonly { id: string; operations: readonly string[]; state: string }[];
      };
      const image = images.find(
        ({ operations, state }) => operations.includes('railway:variableUpsert') && state === 'settled',
      );
      if (!sabotaged && image !== undefined) await guarded.commands.done('undo', image.id);
      const after = valueOf(guarded, 'COUNTER_TITLE');
      return {
        findings: [
          expect(changed.data?.['variableUpsert'] === true, `it was answered ${changed.text.slice(0, 400)}`),
          expect(between === 'Oops', 'Railway does not have the new value'),
          expect(image !== undefined, 'no undo was secured'),
          expect(after === before, `the value is ${JSON.stringify(after)}, not ${JSON.stringify(before)}`),
        ],
        seen: `Railway: ${JSON.stringify(before)} → ${JSON.stringify(between)} → ${JSON.stringify(after)}`,
      };
    },
  );
}

async function frozen(guarded: Guarded, checks: Checks, sabotaged: boolean): Promise<void> {
  await checks.run(
    {
      ids: ['H7', 'S2'],
      title: 'one step freezes every write within a second; a thaw needs the signer',
      guard: 'the freeze, looked at right before each send',
    },
    async () => {
      const { human, world } = guarded;
      const { presented } = guarded.tokens.staging;
      if (!sabotaged) await guarded.commands.done('freeze', '--why', 'enough for today');
      const began = performance.now();
      const since = world.double.log.length;
      const write = await ask(guarded, presented, upsert(guarded, 'COUNTER_TITLE', 'frozen?'));
      const took = Math.round(performance.now() - began);
      const wrote = world.effects(since);
      const { epoch } = must(await human.get('/v1/freeze')) as { epoch: number };
      const forged = await human.tryAct('thaw', { epoch }, generateKeyPairSync('ed25519').privateKey);
      const thawed = sabotaged ? undefined : await guarded.commands.sign('thaw');
      const after = await ask(guarded, presented, upsert(guarded, 'COUNTER_TITLE', 'Rental counter (staging)'));
      return {
        findings: [
          is(write, 'FROZEN'),
          expect(took <= 1_000, `it took ${took} ms`),
          expect(wrote.length === 0, `Railway did it: ${wrote.join(', ')}`),
          expect(forged.status === 403, `a thaw by another key was answered ${forged.status}`),
          expect(thawed === undefined || thawed.code === 0, `the signed thaw: ${thawed?.text ?? ''}`),
          expect(after.data?.['variableUpsert'] === true, `after the thaw: ${after.text.slice(0, 300)}`),
        ],
        seen: `holdpoint freeze; ${shown(write)}\nrefused ${took} ms after the command; a thaw by a stranger's key → ${textOf(forged.body, 'detail')}; after the signed thaw the write passes`,
      };
    },
  );
}

async function revoked(guarded: Guarded, checks: Checks, sabotaged: boolean): Promise<void> {
  await checks.run(
    {
      ids: ['C2', 'C3'],
      title: 'the token in the file is revoked within a second',
      guard: 'a revoked token is nobody’s',
    },
    async () => {
      const { tokens, world } = guarded;
      if (!sabotaged) await guarded.commands.done('token', 'revoke', tokens.domains.id);
      const began = performance.now();
      const since = world.double.log.length;
      const answer = await ask(guarded, tokens.domains.presented, domainsQuery(guarded, 'production'));
      const took = Math.round(performance.now() - began);
      return {
        findings: [
          is(answer, 'BAD_TOKEN'),
          expect(took <= 1_000, `it took ${took} ms`),
          expect(world.arrived(since).length === 0, 'it reached Railway'),
        ],
        seen: `${shown(answer)} (${took} ms after the command)`,
      };
    },
  );
}

/** At the very end: everything is still there, and nothing that destroys ever ran. */
export async function stillThere(guarded: Guarded, checks: Checks, since: number): Promise<void> {
  await checks.run(
    {
      ids: ['S1', 'U1'],
      title: 'database, seven backups and the counter’s page are there, row for row',
      guard: 'all of the above together',
    },
    async () => {
      const page = await look(guarded.world.counter);
      const effects = guarded.world.effects(since);
      // The leaked token was taken back by jane herself, directly at Railway.
      const terrible = effects.filter((one) => /destroyed|[dD]elete/.test(one) && one !== 'apiTokenDelete');
      return {
        findings: [
          expect(await guarded.world.intact(), 'database or backups are not whole'),
          expect(page.up, `the page says ${page.heading}`),
          expect(terrible.length === 0, `the double's log has ${terrible.join(', ')}`),
        ],
        seen: `page: ${page.heading}; ${guarded.world.rows.toLocaleString('en')} rows, ${guarded.world.backups()} backups; mutations that ran: ${effects.join(', ')}`,
      };
    },
  );
}
