import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { groupsOf, rootlyGroups } from './groups.ts';
import { installedUnits, unitFindings } from './unit.ts';
import { unsheltered } from '../daemon/hand-over.ts';
import type { OsUser } from '../exec/os-user.ts';
import type { Places, Running } from '../places.ts';

/** One thing about the set-up that is as it should be, or is not. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** A command, or a step, that mends it. */
  readonly closes: string;
}

interface Checked {
  readonly places: Places;
  readonly running: Running;
  readonly agent: OsUser | undefined;
  /** Unit files to look at besides those that are installed. */
  readonly units: readonly string[];
}

const restart = 'holdpoint down && sudo holdpoint up';

/** Looks at the set-up without trying anything. At T0 there is less to look at: it claims less. */
export function checkSetUp(checked: Checked): readonly Check[] {
  const { running } = checked;
  const apart = running.tier !== 'T0';
  return [
    flags(running),
    ...(apart ? [account(running), privileges(running), cores(running), shelter(checked), agentUser(checked)] : []),
    ...files(checked),
    ...units(checked),
  ];
}

function flags({ pid }: Running): Check {
  const words = procText(pid, 'cmdline').split('\0');
  const opened = words.find((word) => word.startsWith('--inspect') || word.startsWith('--debug'));
  const options = /(^|\0)NODE_OPTIONS=([^\0]+)/.exec(procText(pid, 'environ'))?.[2];
  const wrong = [
    ...(words.includes('--disable-sigusr1') ? [] : ['it runs without --disable-sigusr1']),
    ...(opened === undefined ? [] : [`it runs with ${opened}`]),
    ...(options === undefined ? [] : ['NODE_OPTIONS is set']),
  ];
  return of('runtime flags', wrong, 'no inspector can be opened', restart);
}

function account({ pid }: Running): Check {
  const uid = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
  const wrong = uid === undefined ? ['the daemon is not running'] : uid === 0 ? ['the daemon runs as root'] : [];
  return of('account', wrong, `the daemon runs as uid ${uid ?? '?'}`, restart);
}

function privileges({ pid }: Running): Check {
  const status = procText(pid, 'status');
  const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '?';
  const wrong = [
    ...(/^0+$/.test(field('CapEff')) && /^0+$/.test(field('CapPrm')) ? [] : ['it has capabilities']),
    ...(field('NoNewPrivs') === '1' ? [] : ['it could gain privileges (no_new_privs is not set)']),
    ...(field('Groups') === '' ? [] : [`it has further groups: ${field('Groups')}`]),
  ];
  return of('privileges', wrong, 'no capabilities, no further groups, no_new_privs', restart);
}

function cores({ pid }: Running): Check {
  const limit = /^Max core file size\s+(\S+)\s+(\S+)/m.exec(procText(pid, 'limits'));
  const wrong = limit?.[1] === '0' && limit[2] === '0' ? [] : ['it could write a core dump'];
  return of('core dumps', wrong, 'off', `${restart} (with prlimit of util-linux)`);
}

function shelter({ places }: Checked): Check {
  const wrong = unsheltered(places.data).map((path) => `\`${path}\` is not root’s alone`);
  return of('place of the data', wrong, `root’s all the way up to ${places.data}`, 'keep it in /var/lib/holdpoint');
}

function agentUser({ agent, places }: Checked): Check {
  if (agent === undefined)
    return of(
      'agent’s user',
      ['none is known'],
      '',
      'holdpoint down && sudo holdpoint up, which makes holdpoint-agent',
    );
  const groups = groupsOf(agent.uid, (path) => readFileSync(path, 'utf8'));
  const owner = statSync(places.data);
  const wrong = [
    ...(agent.uid === 0 ? ['it is root'] : []),
    ...(agent.uid === owner.uid ? ['it is the daemon’s user'] : []),
    ...groups
      .filter((one) => rootlyGroups.has(one.name) || one.gid === owner.gid)
      .map((one) => `it is in the group \`${one.name}\``),
  ];
  return of('agent’s user', wrong, `${agent.name} is apart`, `gpasswd -d ${agent.name} <group>`);
}

/** Modes of what is the service user's alone. */
function files({ places }: Checked): readonly Check[] {
  const owner = statSync(places.data).uid;
  const alone = ['state', 'keys', 'signers', 'human.token', 'keys/vault.key', 'state/holdpoint.db'];
  const wrong = [
    ...exposed(places.data, owner, 0o066),
    ...alone.flatMap((name) => exposed(join(places.data, name), owner, 0o077)),
    ...exposed(join(places.data, 'open'), owner, 0o022),
  ];
  return [
    of(
      'files',
      wrong,
      'the service user’s alone, but for open/',
      `chmod -R go-rwx ${places.data}/{state,keys,signers,human.token}; chmod 711 ${places.data}`,
    ),
  ];
}

function exposed(path: string, owner: number, forbidden: number): readonly string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  const mode = found.mode & 0o777;
  return [
    ...(found.uid === owner ? [] : [`\`${path}\` belongs to uid ${found.uid}`]),
    ...((mode & forbidden) === 0 ? [] : [`\`${path}\` is ${mode.toString(8).padStart(4, '0')}`]),
  ];
}

function units({ units: named }: Checked): readonly Check[] {
  return [...installedUnits(), ...named].map((path) =>
    of(`unit ${path}`, unitFindings(path), 'hardened as ours', 'install packaging/systemd/holdpoint.service again'),
  );
}

function of(name: string, wrong: readonly string[], good: string, closes: string): Check {
  return { name, ok: wrong.length === 0, detail: wrong.length === 0 ? good : wrong.join('; '), closes };
}

/** Empty where it may not be read, which counts as not as it should be. */
function procText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
