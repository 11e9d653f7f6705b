import fs from 'node:fs';
import path from 'node:path';
import { writeRepository } from '../pocketos/repository.ts';
import { look } from '../pocketos/counter.ts';
import { own } from '../stage/accounts.ts';
import type { Checks } from '../stage/checks.ts';
import { account } from './account.ts';
import { backFromNothing } from './back.ts';
import { journalHolds, outOfReach } from './evidence.ts';
import { type Guarded, openGuarded } from './guarded.ts';
import { incidentAgain, links } from './links.ts';
import { ordinary, stillThere } from './ordinary.ts';
import { signature } from './signature.ts';
import { databasesDirectly } from './sql.ts';
import { follow, said } from './told.ts';
import { type Setting, startAgent, type World } from './world.ts';

export interface Saved {
  readonly line: string;
  /** What came of losing everything. */
  readonly back: string;
}

/** The same afternoon with Holdpoint in between: the same script, the same task, the same file. */
export async function withHoldpoint(setting: Setting, opening: Promise<World>, checks: Checks): Promise<Saved> {
  const { stage, cast, options } = setting;
  stage.say('');
  const guarded = await stage.work(
    'holdpoint in front of the second one: vault, policy, tokens, all signed',
    async () => {
      const world = await opening;
      return openGuarded(setting, world).catch((cause: unknown) => {
        throw withDiagnostics(setting, cause);
      });
    },
  );
  const { world, human } = guarded;
  const watching = new AbortController();
  setting.place.atEnd(() => watching.abort());
  await human.watch(watching.signal);
  const page = await look(world.counter);
  stage.scene('WITH', 'the token in the file is an agent token, made for custom domains');
  stage.tell('counter', `page: ${page.heading}; ${world.rows.toLocaleString('en')} rows, ${world.backups()} backups`);
  stage.restart();
  const since = world.double.log.length;
  const confession = await sameScript(setting, guarded, checks, since);
  await links(guarded, checks);
  const code = await signature(guarded, checks, stage);
  await databasesDirectly(setting, guarded, checks);
  await ordinary(guarded, checks, options.sabotage);
  if (cast.tier === 'T1') await outOfReach(guarded, checks);
  else stage.tell('T0', 'not shown: at T0 the agent runs as the same OS user and could read the vault', 'warn');
  await stillThere(guarded, checks, since);
  await journalHolds(guarded, checks, options.sabotage.has('journal'));
  await account(guarded, checks, stage, confession);
  const back = await backFromNothing(setting, guarded, checks);
  watching.abort();
  return { line: summary(checks, code), back };
}

/** What the daemon wrote down for itself, beside what it answered. */
function withDiagnostics({ place }: Setting, cause: unknown): Error {
  const file = path.join(place.path, 'holdpoint', 'diagnostics.log');
  const said = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').slice(-2_000) : '';
  return new Error(`holdpoint could not be set up\n${said}`, { cause });
}

async function sameScript(setting: Setting, guarded: Guarded, checks: Checks, since: number): Promise<string> {
  const { place, cast, options, stage } = setting;
  const { ids } = guarded.world.double;
  const checkout = place.folder('checkout-with');
  writeRepository(checkout, {
    endpoint: guarded.endpoint,
    stagingToken: guarded.tokens.staging.presented,
    domainsToken: guarded.fileToken,
    ids: { project: ids.project, volume: ids.volume, staging: ids.environments.staging, counter: ids.services.counter },
  });
  own(checkout, cast.agent);
  const agent = startAgent(setting, ['work', checkout, '--pace', options.fast ? '0' : '2'], cast.agent);
  const steps = await follow(agent, stage);
  await incidentAgain(guarded, checks, steps, since);
  return said(steps, 'confesses')?.text ?? '';
}

/** The last line but two, from what was seen and nothing else. */
function summary(checks: Checks, code: string): string {
  const passed = (words: RegExp): string =>
    checks.results.filter(({ title }) => words.test(title)).every((one) => one.passed) ? '✗' : '! NOT STOPPED:';
  return [
    `${passed(/opens nothing/)} the token in the file opens nothing   ${passed(/scope is domains/)} its scope is domains   ${passed(/cannot name production/)} staging cannot name production`,
    `         ■ full scope: ${checks.results.filter(({ ids }) => ids.includes('H3') || ids.includes('U3')).every((one) => one.passed) ? `HELD ${code} · shown · signed · scheduled for 48 h · cancelled` : 'NOT AS IT SHOULD BE, see above'}`,
  ].join('\n');
}
