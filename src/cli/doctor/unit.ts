import { existsSync, readFileSync } from 'node:fs';

const places = [
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Our unit where it is installed, drop-ins left out: systemd says what they change (`systemctl cat holdpoint`). */
export function installedUnits(): readonly string[] {
  const [first] = places.map((place) => `${place}/holdpoint.service`).filter((path) => existsSync(path));
  return first === undefined ? [] : [first];
}

/** What a unit has to say (systemd.exec(5)), and why the daemon wants it. */
const wanted: readonly (readonly [setting: string, value: RegExp, why: string])[] = [
  ['ExecStart', / --disable-sigusr1( |$)/, 'a signal could open the inspector'],
  ['User', /^(?!root$|0$).+/, 'the daemon would run as root'],
  ['NoNewPrivileges', /^(yes|true|on|1)$/, 'it could gain privileges'],
  ['LimitCORE', /^0$/, 'it could write a core dump'],
  ['UMask', /^0?077$/, 'others could read what it writes'],
  ['CapabilityBoundingSet', /^$/, 'it could have capabilities'],
];

/** What is wrong with a unit file; empty when nothing is. */
export function unitFindings(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return ['it cannot be read'];
  }
  const settings = settingsOf(text);
  const missing = wanted
    .filter(([name, value]) => !value.test(settings.get(name) ?? 'unset'))
    .map(([name, , why]) => `${name}: ${why}`);
  const start = settings.get('ExecStart') ?? '';
  const more = [
    ...(/ --inspect/.test(start) ? ['ExecStart: it runs with an inspector'] : []),
    ...(/NODE_OPTIONS=[^"\s]/.test(text) ? ['Environment: NODE_OPTIONS is set'] : []),
    ...(/ --tier[ =]T0( |$)/.test(start) ? ['ExecStart: it is started as T0'] : []),
  ];
  return [...missing, ...more];
}

/** The last value of each setting of `[Service]`, continued lines joined (systemd.syntax(7)). */
function settingsOf(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let section = '';
  for (const line of text.replaceAll(/\\\n[ \t]*/g, ' ').split('\n')) {
    const trimmed = line.trim();
    if (trimmed.startsWith('[')) section = trimmed;
    const [, name, value] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(trimmed) ?? [];
    if (section === '[Service]' && name !== undefined && value !== undefined) settings.set(name, value);
  }
  return settings;
}
