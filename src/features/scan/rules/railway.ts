import { basename } from 'node:path';
import type { Fact } from '../finding.ts';
import type { Document } from '../read/document.ts';
import type { Candidate, Rule, Text } from './candidate.ts';
import { masked } from './mask.ts';
import { isPlaceholder } from './placeholder.ts';

const uuid = /(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])/gi;

/** Names of a thing, not of a key to it. The last word of a name decides. */
const thing =
  /^(?:ids?|uuid|guid|project|environment|env|service|volume|deployment|workspace|team|user|account|replica|snapshot|instance|build|run|request|trace|session|plugin|template|domain|url|host|hostname|bucket|backup|name|link|ref|version|image|repo|repository|customer|commit|hash|digest|nonce|link|web|worker|client|tenant|org|organization)$/;
const opens =
  /^(?:tokens?|secret|apikey|key|pat|bearer|auth|authorization|password|credentials?|cred|pwd|pass|accesstoken|apitoken|jwt|oauth)$/;
/** Keys that find something and open nothing. */
const otherKeys =
  /^(?:idempotency|primary|foreign|cache|partition|sort|public|row|object|map|react|dedup\w*|unique|index|lookup|routing)$/;
const railway = /railway|rlwy|\brw_/i;

/** What stands directly before a value, and so names it. */
interface Before {
  readonly name: string;
  /** `-H "Authorization: Bearer …"` and its like. */
  readonly header: 'bearer' | 'project' | undefined;
}

/** A Railway token is a UUID without a prefix, as its ids are: only what stands before it tells them apart. */
function* findTokens(text: Text): Generator<Candidate> {
  const { document, names } = text;
  for (const match of document.text.matchAll(uuid)) {
    const [value] = match;
    if (isPlaceholder(value.replaceAll('-', ''))) continue;
    const start = match.index;
    const holder = names.around(start, start + value.length);
    const entry = holder?.start === start && holder.end === start + value.length ? holder : undefined;
    const before = beforeOf(document, start, entry?.key);
    if (!isKey(before) || isCalled(document.text, start)) continue;
    const near = nearRailway(text, start, before, entry?.path);
    if (near === undefined) continue;
    yield {
      kind: 'railway',
      start,
      end: start + value.length,
      value,
      ...(before.name === '' ? {} : { key: entry?.path ?? before.name }),
      masked: masked(value),
      why: `it is a bare UUID, as Railway’s tokens are, ${near}`,
      certainty: 'inferred',
      facts: factsOf(before),
      strength: 3,
    };
  }
}

const header =
  /(authorization|project-access-token|x-railway-token)["'`\\]*\s*[:=,]\s*["'`\\]*(?:bearer\s+)?["'`\\]*$/i;
const assigned =
  /([A-Za-z_$][\w$.-]{0,80})["'`\\\])]*\s*(?::\s*(?:str|string|String)\s*)?(?:=>|:=|\?\?=|\|\|=|\?\?|\|\||[:=,(])\s*["'`\\]*$/;
const flag = /(?:^|\s)--?([A-Za-z][\w-]*)(?:\s+|=)["'`]?$/;
/** `gh secret set RAILWAY_TOKEN --body …` and its like: the name stands apart from the value. */
const stored =
  /\b(?:secrets?|variables?|env)\s+(?:set|add|put)\s+(?:-\S+\s+)*(\w+)[^\n]{0,40}?(?:--?b(?:ody)?|--value|--data)[ =]["'`]?$/i;
const made = /\bnew\s+Railway\w*\(\s*["'`]$/;
const prose =
  /((?:[A-Za-z_][\w-]*['’]?s?[ \t]+){0,5}[A-Za-z_][\w-]*)[ \t]*(?:\([^()]{0,40}\))?[ \t]*[:=|-]?[ \t]*["'`(*]*$/;

function beforeOf({ text, within }: Document, start: number, key: string | undefined): Before {
  const line = text.slice(Math.max(text.lastIndexOf('\n', start - 1) + 1, start - 160), start);
  const head = header.exec(line);
  if (head !== null) return { name: head[1] ?? '', header: /project/i.test(head[1] ?? '') ? 'project' : 'bearer' };
  if (/bearer\s+["'`\\]*$/i.test(line)) return { name: 'bearer', header: 'bearer' };
  const storedName = stored.exec(line)?.[1];
  if (storedName !== undefined) return { name: storedName, header: undefined };
  if (made.test(line)) return { name: 'railway', header: undefined };
  const flagged = flag.exec(line);
  if (flagged !== null) return { name: flagged[1] ?? '', header: undefined };
  if (key !== undefined && key !== '') return { name: key, header: undefined };
  const name = assigned.exec(line)?.[1];
  if (name !== undefined && wordsOf(name).length > 0) return { name, header: undefined };
  if (text.trim().length === 36) return { name: basename(within), header: undefined };
  return { name: prose.exec(line)?.[1] ?? aboveName(text, start, line), header: undefined };
}

/** A value on a line of its own: the line above may name it. */
function aboveName(text: string, start: number, line: string): string {
  if (/\S/.test(line.replaceAll(/["'`\s>*-]/g, ''))) return '';
  const end = text.lastIndexOf('\n', start - 1);
  const above = end === -1 ? '' : text.slice(text.lastIndexOf('\n', end - 1) + 1, end).slice(-160);
  return /((?:[A-Za-z_][\w-]*[ \t]+){0,5}[A-Za-z_][\w-]*)[ \t]*[:=(]?[ \t]*[|>\\(]?$/.exec(above)?.[1] ?? '';
}

/** Words of a name: `railwayApiToken`, `RAILWAY_API_TOKEN`, `railway api token`. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/railway(?=token|key|secret|api)/g, 'railway ')
    .split(/[^a-z0-9]+/)
    .filter(
      (word) =>
        word !== '' &&
        !/^(?:is|the|a|an|my|our|was|for|of|to|in|here|value|v?\d+|prod|production|staging|dev|old|new|current|live|s|txt|md|json|yml|yaml|conf)$/.test(
          word,
        ),
    );
}

function isKey({ name, header }: Before): boolean {
  if (header !== undefined) return true;
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  if (last === 'key' && words.some((word) => otherKeys.test(word))) return false;
  if (thing.test(last)) {
    // "railway token for the production project: …" names a token still; `RAILWAY_TOKEN_ID` does not.
    return /\s/.test(name) && words.some((word) => opens.test(word)) && !/^(?:ids?|uuid|guid)$/.test(last);
  }
  return words.some((word) => opens.test(word)) || /^(?:railway|rw)[_-]?(?:api|cli|deploy|domains?)?$/i.test(name);
}

/** An argument of an operation is the id of what it acts on, even of `apiTokenDelete`. */
function isCalled(text: string, start: number): boolean {
  const line = text.slice(Math.max(0, start - 80), start);
  return (
    /(?:Delete|Update|Revoke|Get|Rename)\s*\(\s*(?:\w+\s*:\s*)?\\?["'`]?$/.test(line) ||
    /[/=?&](?:project|service|environment|volume|deployment)s?[/=]$/i.test(line) ||
    line.endsWith('/')
  );
}

function nearRailway(text: Text, start: number, before: Before, path: string | undefined): string | undefined {
  if (before.header === 'project' && /project-access-token/i.test(before.name))
    return 'in the header of a project token';
  if (railway.test(before.name) || railway.test(path ?? ''))
    return `under the name \`${shortName(path ?? before.name)}\``;
  const { document, lines } = text;
  if (railway.test(document.within)) return 'in a file of Railway’s';
  const [from, to] = lines.around(start, 12, 12);
  if (railway.test(document.text.slice(from, to))) return 'beside what speaks to Railway';
  if (document.format !== 'history' && /backboard\.railway|railway\.(?:app|com)\/graphql/i.test(document.text))
    return 'in a file that speaks to Railway';
  return undefined;
}

function shortName(name: string): string {
  return name.length > 60 ? `…${name.slice(-59)}` : name;
}

function factsOf({ name, header }: Before): readonly Fact[] {
  const project = header === 'project' || /^railway_token$/i.test(name);
  const form: Fact = project
    ? { about: 'form', says: 'by its name it is a project token, bound to one environment', certainty: 'inferred' }
    : {
        about: 'form',
        says: 'it is an account, workspace or project token: the form does not tell',
        certainty: 'assumed',
      };
  const destroys: Fact = project
    ? { about: 'destroys', says: 'services and volumes of one environment', certainty: 'assumed' }
    : { about: 'destroys', says: 'volumes, projects and perhaps the whole workspace', certainty: 'assumed' };
  const backups: Fact = {
    about: 'backups',
    says: 'Railway keeps a volume’s backups where the same token deletes them',
    certainty: 'assumed',
  };
  return [form, destroys, backups];
}

export const railwayRule: Rule = {
  name: 'tokens of Railway',
  literals: ['railway', 'rlwy', 'rw_', 'project-access-token'],
  always: ({ within }) => railway.test(within),
  find: findTokens,
};
