/**
 * `npm run demo`: PocketOS, 24 April 2026, twice. Once as it was, once with Holdpoint in between. Everything is real:
 * a PostgreSQL, a provider's double that does what it is told, the daemon, the agent's own process, every request.
 */
import { inspect } from 'node:util';
import { castFor, houseFor } from './stage/accounts.ts';
import { Checks } from './stage/checks.ts';
import { type Options, readOptions, usage } from './stage/options.ts';
import { Place } from './stage/place.ts';
import { seconds, Stage } from './stage/stage.ts';
import { withHoldpoint } from './scenes/with.ts';
import { without } from './scenes/without.ts';
import { openWorld, type Setting } from './scenes/world.ts';

async function play(setting: Setting): Promise<boolean> {
  const { stage, options, cast } = setting;
  const checks = new Checks(stage);
  const lost =
    options.sabotage.size > 0
      ? undefined
      : await stage.work('PocketOS on a Railway double', (progress) => openWorld(setting, 'without', progress));
  const second = openWorld(setting, 'with', () => undefined);
  // Looked at when its turn comes; until then a failure must not end the process.
  second.catch(() => undefined);
  const loss = lost === undefined ? undefined : await without(setting, lost, checks);
  const saved = await withHoldpoint(setting, second, checks);
  const { results, failed } = checks;
  stage.say('');
  stage.say(`${stage.paint('strong', 'WITHOUT')}  ${loss?.line ?? 'left out, since guards are taken out'}`);
  stage.say(`${stage.paint('strong', 'WITH')}     ${saved.line}`);
  stage.say(`${stage.paint('strong', 'BACK')}     ${saved.back}`);
  const ids = [...new Set(results.flatMap((one) => one.ids))].sort();
  stage.say(`shown: ${ids.join(' ')}`);
  for (const one of failed) stage.say(`✗ ${one.ids.join(' ')} ${one.title}: ${one.wrong.join('; ')}`, 'bad');
  if (options.sabotage.size > 0) stage.say(`guards taken out on purpose: ${[...options.sabotage].join(', ')}`, 'warn');
  const ran = cast.tier === 'T1' ? 'agent ran as its own OS user' : 'agent ran as your own OS user: a seat belt only';
  // The demo plays with a few attacks of its own; the proof of an installation is another thing.
  const who = `${ran}; as started, not proved`;
  stage.say(
    `tier ${cast.tier} (${who}) · ${results.length} checks, ${results.length - failed.length} passed · ${seconds(stage.elapsed).trim()}`,
    failed.length === 0 ? 'good' : 'bad',
  );
  return failed.length === 0;
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2), process.env, process.stdout.isTTY);
  } catch (cause) {
    process.stderr.write(`demo: ${cause instanceof Error ? cause.message : String(cause)}\n${usage}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const stage = new Stage(options.plain, (text) => process.stdout.write(text));
  const place = new Place(options.keep);
  const stop = (): void => {
    stage.end();
    void place.close().finally(() => process.exit(130));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  process.on('exit', () => place.killNow());
  try {
    const cast = castFor();
    stage.say(`holdpoint demo: PocketOS, 24 April 2026 · Node ${process.version}`, 'strong');
    stage.say(cast.said);
    return (await play({ stage, place, cast, options, house: houseFor(cast, place) })) ? 0 : 1;
  } catch (cause) {
    stage.end();
    process.stderr.write(`demo: it could not be played: ${inspect(cause)}\n`);
    return 1;
  } finally {
    stage.end();
    await place.close();
    if (options.keep) process.stdout.write(`kept: ${place.path}\n`);
  }
}

// Connections that are kept alive for a while are of no use to anybody now.
process.exit(await main());
