import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { groupsOf, rootlyGroups } from '../groups.ts';
import { attempt, type Target, type Try } from '../target.ts';

/** Whoever writes to one of these has root's work done. */
const sockets = [
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/run/podman/podman.sock',
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/var/lib/lxd/unix.socket',
  '/var/snap/lxd/common/lxd/unix.socket',
  '/run/incus/unix.socket',
  '/run/systemd/private',
];

/** Tries each way to be root, or the daemon's user. What it runs as another does nothing (`true`). */
export const becomeAnother: Try = (target) => {
  const ways = [...alreadyIs(target), ...byGroup(target), ...byCapability(), ...byProgram(target), ...bySocket()];
  if (ways.length > 0) return [attempt('become-another', 'succeeded', ways.join('; '))];
  return [
    attempt('become-another', 'refused', 'sudo, su, doas, pkexec, groups, capabilities, container sockets: none'),
  ];
};

function alreadyIs({ daemonUid }: Target): readonly string[] {
  const uid = process.getuid?.();
  if (uid === 0) return ['it is root'];
  return uid === daemonUid ? ['it is the daemon’s user'] : [];
}

/** Those that it has, and those that it could take up with newgrp(1). */
function byGroup({ daemonGid }: Target): readonly string[] {
  const has = process.getgroups?.() ?? [];
  const uid = process.getuid?.() ?? -1;
  const listed = groupsOf(uid, (path) => readFileSync(path, 'utf8'));
  const rootly = listed.filter((one) => rootlyGroups.has(one.name) || has.includes(0)).map((one) => one.name);
  const isService = daemonGid !== 0 && (has.includes(daemonGid) || listed.some((one) => one.gid === daemonGid));
  return [
    ...rootly.map((name) => `it is in the group \`${name}\``),
    ...(isService ? ['it is in the group of the daemon’s user'] : []),
  ];
}

function byCapability(): readonly string[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const has = ['CapEff', 'CapPrm', 'CapAmb'].some((name) => {
      const mask = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
      return mask !== undefined && BigInt(`0x${mask}`) !== 0n;
    });
    return has ? ['it has capabilities of root’s'] : [];
  } catch {
    return [];
  }
}

function byProgram({ daemonUser, daemonUid }: Target): readonly string[] {
  const lines: (readonly [string, ...string[]])[] = [
    ['sudo', '-n', 'true'],
    ['sudo', '-n', '-u', `#${daemonUid}`, 'true'],
    ['doas', '-n', 'true'],
    ['su', '-c', 'true', 'root'],
    ...(daemonUser === undefined ? [] : [['su', '-s', '/bin/sh', '-c', 'true', daemonUser] as const]),
    ['pkexec', '--disable-internal-agent', 'true'],
  ];
  const worked = lines.filter(([program, ...args]) => ran(program, args).status === 0).map((line) => line.join(' '));
  const rules = ran('sudo', ['-n', '-l']);
  const without = rules.status === 0 && /NOPASSWD/.test(rules.stdout) ? ['sudo -l lists NOPASSWD'] : [];
  return [...worked.map((line) => `\`${line}\` worked`), ...without];
}

function ran(program: string, args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  // This process has no terminal at which a password could be asked for.
  const { status, stdout } = spawnSync(program, [...args], {
    encoding: 'utf8',
    timeout: 5_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { status, stdout: stdout ?? '' };
}

function bySocket(): readonly string[] {
  return sockets
    .filter((path) => {
      try {
        accessSync(path, constants.W_OK);
        return true;
      } catch {
        return false;
      }
    })
    .map((path) => `it may write to ${path}`);
}
