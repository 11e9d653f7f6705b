import { basename } from 'node:path';
import type { CredentialKind, Place } from './finding.ts';
import { formatOf } from './read/format-of.ts';
import { type Refused, refuse } from '../../model/refusal.ts';

/** What takes a credential's place in a file. */
export interface Reference {
  readonly text: string;
  /** What of the file around the value goes with it: quotes in which nothing would be expanded. */
  readonly lead: string;
  readonly trail: string;
  /** How it works from now on, in a sentence. */
  readonly works: string;
}

/** Where a credential stands, for the question what can stand there instead. */
export interface Spot {
  readonly kind: CredentialKind;
  readonly place: Place;
  /** The file's text up to the value, and from behind it. */
  readonly before: string;
  readonly after: string;
  /** Variables that `exec` fills with the agent token for this provider; the first is the usual one. */
  readonly variables: readonly string[];
  /** Name of the vault entry. */
  readonly entry: string;
}

/** The reference that works in this place. Throws `Refused` where none does, saying what to do by hand. */
export function referenceFor(spot: Spot): Reference {
  const { place, entry } = spot;
  const { path, kind } = place;
  const name = basename(path);
  if (kind === 'history')
    throw byHand(
      'a shell’s history holds what was typed: nothing reads a credential from there',
      'delete that line of the history, and rotate the credential',
    );
  if (kind === 'environment')
    throw byHand(
      'it stands in the environment of this process, not in a file',
      'find where it is set (scan shows the files), or start the agent by `holdpoint exec`, which takes it out',
    );
  const variable = variableFor(spot);
  switch (formatOf(path, kind)) {
    case 'dotenv':
      return inDotenv(spot, variable);
    case 'shell':
      if (isPosixShell(name, spot.before)) return inShell(spot, variable);
      break;
    case 'json':
      if (/^\.?mcp\.json$|^claude_desktop_config\.json$|^\.claude\.json$/.test(name)) return inMcp(path, variable);
      if (/\/\.railway\/config(-\w+)?\.json$/.test(path))
        return plainReference(
          `vault:${entry}`,
          `the provider’s program takes ${variable} of \`holdpoint exec\` instead of its own file`,
        );
      break;
    case 'yaml':
      if (/^(docker-)?compose([.-][\w.-]+)?\.ya?ml$/.test(name))
        return expanded(variable, 'docker compose fills it in');
      break;
    case 'text':
      if (isShebangShell(spot.before)) return inShell(spot, variable);
      if (/\.(md|markdown|txt|rst|adoc)$/i.test(name))
        return plainReference(`vault:${entry}`, 'a page for people says where the credential is kept');
      break;
    default:
  }
  throw byHand(
    `nothing in \`${name}\` expands a reference, so what reads it would be sent the reference itself`,
    `read the credential from ${variable} there, keep it with \`holdpoint vault add\`, and take it out of the file`,
  );
}

/** The one that it stands in already, where `exec` fills that; else the usual one. */
function variableFor({ kind, place, variables }: Spot): string {
  const key = place.key?.split('.').at(-1);
  const own = variables.find((one) => one === key);
  const [usual] = variables;
  if (own !== undefined) return own;
  if (usual !== undefined) return usual;
  if (kind === 'postgres')
    throw byHand(
      'the vault keeps `user:password` of a database and not its address, so this could not be put back byte for byte',
      'keep it with `holdpoint vault add <name> --provider postgres`, name its address in holdpoint.yaml, and take it out by hand: `holdpoint exec` sets DATABASE_URL and PG…, which lead to the gate',
    );
  throw byHand(
    `\`holdpoint exec\` fills no variable in place of a credential of this kind (${kind})`,
    'take it out of the file by hand, and rotate it',
  );
}

/** Programs that load such a file leave what `exec` has set as it is; shells and compose expand the reference to it. */
function inDotenv({ before, after, place }: Spot, variable: string): Reference {
  const own = place.key?.split('.').at(-1) === variable;
  const works = own
    ? `under \`holdpoint exec\` ${variable} holds the agent’s token, which the gate takes`
    : `whatever expands variables (shells, compose, dotenv-expand) gets ${variable} of \`holdpoint exec\`; a program that does not must read ${variable} itself`;
  if (before.endsWith("'") && after.startsWith("'")) return { text: `"\${${variable}}"`, lead: "'", trail: "'", works };
  return { text: `\${${variable}}`, lead: '', trail: '', works };
}

function inShell({ before, after }: Spot, variable: string): Reference {
  const works = `under \`holdpoint exec\` the shell puts ${variable} there, the agent’s token, which the gate takes`;
  const state = shellState(before);
  if (state === 'unknown')
    throw byHand(
      'it stands behind a here-document, where a shell may expand nothing',
      `put \${${variable}} there by hand if it is expanded there`,
    );
  if (state !== "'") return { text: `\${${variable}}`, lead: '', trail: '', works };
  if (before.endsWith("'") && after.startsWith("'")) return { text: `"\${${variable}}"`, lead: "'", trail: "'", works };
  return { text: `'"\${${variable}}"'`, lead: '', trail: '', works };
}

function inMcp(path: string, variable: string): Reference {
  const editor = /\/\.(cursor|vscode|codeium)\//.test(path);
  return editor
    ? plainReference(
        `\${env:${variable}}`,
        `the editor fills in ${variable}, which \`holdpoint exec\` sets to the agent’s token`,
      )
    : expanded(variable, 'the agent fills it in');
}

function expanded(variable: string, who: string): Reference {
  return plainReference(`\${${variable}}`, `${who}: ${variable} is what \`holdpoint exec\` sets to the agent’s token`);
}

function plainReference(text: string, works: string): Reference {
  return { text, lead: '', trail: '', works };
}

/** In which quotes a shell is at the end of a text; `unknown` behind a here-document. POSIX.1-2024, 2.2 Quoting. */
export function shellState(text: string): '' | "'" | '"' | 'unknown' {
  let quote: '' | "'" | '"' = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quote === "'") {
      if (character === "'") quote = '';
    } else if (character === '\\') at++;
    else if (quote === '"') {
      if (character === '"') quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '<' && text[at + 1] === '<') {
      if (text[at + 2] !== '<') return 'unknown';
      at += 2;
    } else if (character === '#' && (at === 0 || /[\s;&|(]/.test(text[at - 1] ?? ''))) {
      const end = text.indexOf('\n', at);
      if (end === -1) return '';
      at = end;
    }
  }
  return quote;
}

function isPosixShell(name: string, before: string): boolean {
  return (
    /\.(sh|bash|zsh)$/i.test(name) ||
    /^\.(bashrc|zshrc|zshenv|profile|bash_profile|zprofile|bash_aliases)$/.test(name) ||
    isShebangShell(before)
  );
}

function isShebangShell(before: string): boolean {
  return /^#![^\n]*\b(ba|da|k|z)?sh\b/.test(before);
}

function byHand(why: string, hint: string): Refused {
  return refuse('BAD_REQUEST', why, hint);
}
