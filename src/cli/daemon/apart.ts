import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { defaultNames, ensureAccounts, recordPath } from './accounts.ts';
import { handOver, refuseUnsheltered } from './hand-over.ts';
import { houseFor, type House } from './house.ts';
import { launchService } from './launch.ts';
import type { OsUser } from '../exec/os-user.ts';
import { misused } from '../complaint.ts';
import { groupsOf, rootlyGroups } from '../doctor/groups.ts';
import type { Invocation } from '../invocation.ts';
import type { Places } from '../places.ts';
import { slug } from '../signing/signer.ts';

/** The daemon and the agents apart from each other and from everybody else: what T1 rests on. */
export interface Apart {
  readonly service: OsUser;
  readonly agent: OsUser;
  /** Who typed `sudo`. */
  readonly human: string | undefined;
  readonly house: House;
  /** What was made, a line each. */
  readonly made: readonly string[];
  /** What this system lacks. */
  readonly missing: readonly string[];
}

/** Makes the accounts, the data directory and a copy of the program where these are needed. Root alone can. */
export function setApart(invocation: Invocation, { data }: Places): Apart {
  refuseUnsheltered(data);
  const names = {
    service: slug(invocation.text('serviceUser') ?? defaultNames.service),
    agent: slug(invocation.text('agentUser') ?? defaultNames.agent),
  };
  const { service, agent, made } = ensureAccounts(names, data);
  refuseRootly(agent, service);
  const lines = [...made, ...ownData(data, service)];
  if (made.length > 0) lines.push(`${recordPath(data)}: what of this \`holdpoint down --remove-users\` takes back`);
  const house = houseFor(data);
  if (house.copied) lines.push(`${house.root}: a copy of this program that only root can change; the daemon runs it`);
  const { missing } = launchService(service, '', []);
  const human = invocation.env['SUDO_USER'];
  return { service, agent, human, house, made: lines, missing };
}

/** The data are the service user's alone; agents pass through to `open/`, and can list nothing. */
function ownData(data: string, service: OsUser): readonly string[] {
  const found = lstatSync(data, { throwIfNoEntry: false });
  if (found === undefined) {
    mkdirSync(data, { recursive: true, mode: 0o711 });
    chownSync(data, service.uid, service.gid);
    chmodSync(data, 0o711);
    return [`${data} (0711): the data, ${service.name}’s alone but for the certificates in open/`];
  }
  if (!found.isDirectory()) throw misused(`\`${data}\` is no directory`, 'name another with --data');
  if (found.uid === service.uid) return [];
  if (found.uid !== 0)
    throw misused(
      `\`${data}\` belongs to another account (uid ${found.uid})`,
      `give it to the service first: chown -R ${service.name}: ${data}`,
    );
  handOver(data, service, (uid) => uid === 0);
  return [`${data}: was root’s, is ${service.name}’s now, with all that is in it`];
}

/** An agent that can make itself root, or is in the daemon's group, is not apart. */
function refuseRootly(agent: OsUser, service: OsUser): void {
  const groups = groupsOf(agent.uid, (path) => readFileSync(path, 'utf8'));
  const found = groups.find((one) => rootlyGroups.has(one.name) || one.gid === service.gid);
  if (found === undefined) return;
  throw misused(
    `\`${agent.name}\` is in the group \`${found.name}\`, by which it could reach what is kept from agents`,
    `take it out first: gpasswd -d ${agent.name} ${found.name}; or name another user with --agent-user`,
  );
}
