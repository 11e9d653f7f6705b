/** Groups whose members can make themselves root: by design, by a container, by the raw disk, by the passwords. */
export const rootlyGroups: ReadonlySet<string> = new Set([
  'root',
  'sudo',
  'wheel',
  'admin',
  'docker',
  'podman',
  'lxd',
  'incus',
  'incus-admin',
  'libvirt',
  'libvirt-qemu',
  'disk',
  'shadow',
  'kmem',
]);

/** Text of a file; throws where it cannot be read. */
type Read = (path: string) => string;

/** Groups of an OS user by passwd(5) and group(5): its first, and those that list it. Empty for a number without an account. */
export function groupsOf(uid: number, read: Read): readonly { readonly name: string; readonly gid: number }[] {
  const user = lines(read, '/etc/passwd').find((columns) => Number(columns[2]) === uid);
  if (user === undefined) return [];
  const [name = '', , , first] = user;
  return lines(read, '/etc/group')
    .filter(([, , gid, members = '']) => gid === first || members.split(',').includes(name))
    .map(([group = '', , gid]) => ({ name: group, gid: Number(gid) }));
}

function lines(read: Read, path: string): readonly (readonly string[])[] {
  try {
    return read(path)
      .split('\n')
      .map((line) => line.trim().split(':'))
      .filter((columns) => columns.length > 3 || (path === '/etc/group' && columns.length === 4));
  } catch {
    return [];
  }
}
