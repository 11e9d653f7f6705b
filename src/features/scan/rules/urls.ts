import type { CredentialKind, Fact } from '../finding.ts';
import type { Document } from '../read/document.ts';
import type { Candidate, Rule, Text } from './candidate.ts';
import { hostedBy, isLocalHost, isShownHost, kindOfScheme } from './hosts.ts';
import { isPlaceholder, isRandom, isReference } from './placeholder.ts';

const address =
  /(?<![A-Za-z0-9])([a-z][a-z0-9+.-]{1,30}):\/\/([^\s:@/"'`<>\\]{0,200}):([^\s@"'`<>\\]{1,400}|[^\s@/"'`<>\\]{1,400})@([^\s"'`<>\\/?#,;:)\]}]{1,253})((?::\d{1,5})?[^\s"'`<>\\,;)\]}]{0,400})/gi;
const keywords =
  /\bhost=([^\s'"]+)[^\n]{0,200}?\bpassword=('(?:[^'\\]|\\.)+'|[^\s'"&;]+)|\bpassword=('(?:[^'\\]|\\.)+'|[^\s'"&;]+)[^\n]{0,200}?\bhost=([^\s'"]+)/gi;
const jdbc =
  /jdbc:(postgresql|mysql|mariadb|sqlserver):\/\/([^\s"'`/:;?]+)[^\s"'`]{0,300}?[?&;]password=([^\s"'`&;]+)/gi;

const weak =
  /^(?:pass(?:word|wd)?|pw|pwd|passw0rd|secret|postgres|postgresql|root|admin|user(?:name)?|test(?:ing)?|1234\d*|guest|me|foo|bar|baz|x+|p|[a-z]|mysecretpassword|db_?pass(?:word)?|token|key|mysql|redis|mongo|dev|changeme|letmein|hunter2|s3cret|pa55word|app)$/i;

interface Parts {
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  readonly host: string;
}

/** Whether a file holds settings rather than prose and programs: there even a poor password is meant. */
export function isSettings({ format, kind, within }: Document): boolean {
  if (kind !== 'file') return true;
  if (format === 'dotenv') return !/example|sample|template|\.dist$/i.test(within);
  return (
    ['ini', 'toml', 'yaml', 'pgpass', 'netrc', 'shell'].includes(format) &&
    !/example|sample|template|test|fixture|locale|i18n/i.test(within)
  );
}

/** An address is never dropped for a weak password where a database stands; only where nothing stands at all. */
function isMeant(parts: Parts, document: Document): boolean {
  const { user, password, host } = parts;
  if (isReference(password) || /^[[({<$%*]/.test(password) || /[{}<>$*]/.test(password)) return false;
  if (isShownHost(host)) return false;
  const hosted = hostedBy(host) !== undefined;
  if (hosted && !/^\w*(?:x{3,}|your|<)/i.test(host)) return !/^(?:your|\[|<|x{3,}|\.\.\.|\*+$)/i.test(password);
  const poor = weak.test(password) || password === user || isPlaceholder(password);
  if (!poor) return !isLocalHost(host) || isSettings(document);
  if (isSettings(document)) return !/^(?:your|change|<|xxx|\.\.\.|\*)/i.test(password);
  return false;
}

function* findAddresses(text: Text): Generator<Candidate> {
  const { document } = text;
  for (const match of document.text.matchAll(address)) {
    const [whole, scheme = '', user = '', password = '', host = '', rest = ''] = match;
    const parts = { scheme: scheme.toLowerCase(), user, password, host };
    if (!isMeant(parts, document)) continue;
    const kind = kindOfScheme(parts.scheme.replace(/^jdbc:/, ''));
    if (kind === 'url-password') {
      const found = inWebAddress(parts, match.index, document);
      if (found !== undefined) yield found;
      continue;
    }
    const end = match.index + whole.length - trailing(rest);
    yield {
      kind,
      start: match.index,
      end,
      value: document.text.slice(match.index, end),
      masked: `${parts.scheme}://${shownUser(parts)}:…@${shownHost(parts)}`,
      why: `it is an address with a password, of ${placed(parts)}`,
      certainty: 'inferred',
      facts: factsOf(kind, parts),
      strength: 3,
    };
  }
}

/** A full stop or a comma behind the address belongs to the sentence. */
function trailing(rest: string): number {
  return /[.!*_]*$/.exec(rest)?.[0].length ?? 0;
}

function inWebAddress({ scheme, user, password, host }: Parts, at: number, document: Document): Candidate | undefined {
  if (!/^(?:https?|ftps?|sftp|ssh|amqps?|smtps?|imaps?|ldaps?|nats|mqtts?|git\+https?|wss?|socks5h?)$/.test(scheme))
    return undefined;
  if (isPlaceholder(password) || weak.test(password)) return undefined;
  // In programs and prose such addresses are mostly made up to show how one is read.
  if (!isSettings(document) && !isRandom(unescaped(password), 2.5) && !/^x-oauth-basic$/i.test(password))
    return undefined;
  // `https://<token>:x-oauth-basic@github.com`: the name is the secret there.
  const swapped = /^x-oauth-basic$/i.test(password);
  const value = swapped ? user : password;
  const shown = shownHost({ scheme, user, password: value, host });
  const start = at + scheme.length + 3 + (swapped ? 0 : user.length + 1);
  return {
    kind: /(?:^|\.)github\.com$/i.test(host)
      ? 'github'
      : /(?:^|\.)gitlab\.com$/i.test(host)
        ? 'gitlab'
        : 'url-password',
    start,
    end: start + value.length,
    value,
    masked: `${scheme}://…@${shown}`,
    why: `it is the password in an address of \`${shown}\``,
    certainty: 'inferred',
    strength: 2,
  };
}

/** `a%20secret` is two words, not a random text with a digit. */
function unescaped(password: string): string {
  return password.replaceAll(/%[0-9a-f]{2}/gi, '-');
}

function* findSettings({ document }: Text): Generator<Candidate> {
  for (const match of document.text.matchAll(keywords)) {
    const host = match[1] ?? match[4] ?? '';
    const raw = match[2] ?? match[3] ?? '';
    yield* asDatabase(
      document,
      'postgresql',
      host,
      raw.replaceAll(/^'|'$/g, ''),
      match.index + match[0].lastIndexOf(raw) + (raw.startsWith("'") ? 1 : 0),
    );
  }
  for (const match of document.text.matchAll(jdbc)) {
    const [whole, scheme = '', host = '', password = ''] = match;
    yield* asDatabase(document, scheme, host, password, match.index + whole.length - password.length);
  }
}

const role = /\b(?:ROLE|USER)\s+"?[\w-]+"?[^;\n]{0,200}?\bPASSWORD\s+'([^'\n]{4,200})'/gi;

/** `ALTER ROLE … PASSWORD '…'` in a dump or a migration. */
function* findRoles({ document }: Text): Generator<Candidate> {
  for (const match of document.text.matchAll(role)) {
    const password = match[1] ?? '';
    if (
      weak.test(password) ||
      !isRandom(password, 2.8) ||
      password.startsWith('SCRAM-') ||
      /^md5[0-9a-f]{32}$/.test(password)
    )
      continue;
    const start = match.index + match[0].length - 1 - password.length;
    yield {
      kind: 'postgres',
      start,
      end: start + password.length,
      value: password,
      masked: `PASSWORD '…' (${password.length} characters)`,
      why: 'it is the password that a statement gives to a role',
      certainty: 'inferred',
      strength: 3,
    };
  }
}

function* asDatabase(
  document: Document,
  scheme: string,
  host: string,
  password: string,
  start: number,
): Generator<Candidate> {
  const parts = { scheme, user: '', password, host };
  if (!isMeant(parts, document)) return;
  const kind = scheme === 'sqlserver' ? 'url-password' : kindOfScheme(scheme);
  yield {
    kind,
    start,
    end: start + password.length,
    value: password,
    masked: `password=… of ${shownHost(parts)}`,
    why: `it is the password in the settings of a connection to ${placed(parts)}`,
    certainty: 'inferred',
    facts: factsOf(kind, parts),
    strength: 3,
  };
}

function placed(parts: Parts): string {
  const host = shownHost(parts);
  if (isLocalHost(host)) return `this machine (\`${host}\`)`;
  const by = hostedBy(host);
  return by === undefined ? `\`${host}\`` : `\`${host}\` (${by})`;
}

/** A user or a host that holds the password, or could itself be one, is not shown. */
function shownUser({ user, password }: Parts): string {
  return user.length > 32 || /\d.*\d.*\d.*\d/.test(user) || alike(user, password) ? '…' : user;
}

function shownHost({ host, password }: Parts): string {
  return alike(host, password) ? '…' : host;
}

function alike(shown: string, password: string): boolean {
  return shown.toLowerCase().includes(password.toLowerCase()) || (shown.length >= 4 && password.includes(shown));
}

const mighty =
  /^(?:postgres|root|admin|administrator|superuser|doadmin|avnadmin|rdsadmin|neondb_owner|supabase_admin|cloudsqladmin|sa|default)$|(?:owner|admin)$|^postgres\./i;

function factsOf(kind: CredentialKind, parts: Parts): readonly Fact[] {
  const { user, host } = parts;
  const facts: Fact[] = [];
  if (mighty.test(user)) {
    facts.push({
      about: 'power',
      says: `\`${shownUser(parts)}\` is by its name the owner or a superuser`,
      certainty: 'inferred',
      holds: true,
    });
  }
  if (isLocalHost(host)) {
    facts.push({ about: 'environments', says: 'it stands on this machine', certainty: 'inferred' });
  }
  if (kind === 'postgres') {
    facts.push({ about: 'destroys', says: 'rows, tables and perhaps the whole database', certainty: 'assumed' });
  }
  return facts;
}

export const urlRule: Rule = {
  name: 'addresses with passwords',
  literals: ['://', 'password=', "password '"],
  *find(text) {
    if (text.literals.has('://')) yield* findAddresses(text);
    if (text.literals.has('password=')) yield* findSettings(text);
    if (text.literals.has("password '")) yield* findRoles(text);
  },
};
