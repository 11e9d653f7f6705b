import type { Action } from './action.ts';
import type { Fact, Hold } from './hold.ts';
import type { Message } from './plan.ts';
import { canonicalJson } from './json.ts';
import { postgresLines } from './postgres-page.ts';
import { mixesScripts, visible } from './visible.ts';

/** One line of the page that a human signs by. All text has passed `visible`. */
export interface PageLine {
  readonly text: string;
  readonly tone: 'plain' | 'strong' | 'warning' | 'danger' | 'quoted';
}

export interface PageSection {
  readonly title: string;
  readonly lines: readonly PageLine[];
}

/**
 * The page: the same facts in the same order for the terminal, the console and a chat. Whole,
 * never truncated. Rendered from the frozen request, so that what is shown is what is digested.
 */
export function holdPage(hold: Hold): readonly PageSection[] {
  return [
    { title: '', lines: [...question(hold), ...hold.request.actions.map(verdictLine)] },
    ...filled(
      'Exactly this would be sent',
      hold,
      hold.request.plan.steps.flatMap((step) => sent(step)),
    ),
    ...filled('What it would hit', hold, [...hold.request.actions.flatMap(targets), ...hold.facts.map(factLine)]),
    { title: 'Undo', lines: [{ text: visible(hold.undo), tone: hold.undo.startsWith('none') ? 'danger' : 'plain' }] },
    { title: 'Who asks', lines: who(hold) },
    { title: 'Why it is held', lines: hold.reasons.map((text) => ({ text: visible(text), tone: 'plain' })) },
    ...(hold.agentSays === undefined
      ? []
      : [
          {
            title: 'The agent says (unverified)',
            lines: [{ text: quoted(hold.agentSays), tone: 'quoted' as const }],
          },
        ]),
    { title: 'Sign', lines: sign(hold) },
  ];
}

function question(hold: Hold): readonly PageLine[] {
  return hold.kind === 'question'
    ? [{ text: 'A QUESTION: nothing was sent, and nothing runs from it', tone: 'warning' }]
    : [];
}

/** A question may be about nothing that could be sent; every other page shows the section, empty or not. */
function filled(title: string, hold: Hold, lines: readonly PageLine[]): readonly PageSection[] {
  return hold.kind === 'question' && lines.length === 0 ? [] : [{ title, lines }];
}

/** In quotation marks that the text itself cannot end. */
function quoted(text: string): string {
  return `“${visible(text).replaceAll(/[“”]/g, '"')}”`;
}

function verdictLine(action: Action): PageLine {
  const environments = [...new Set(action.resources.flatMap((one) => one.environments))]
    .map((name) => name.toUpperCase())
    .join(' + ');
  const names = action.resources.map((one) => `“${visible(one.name ?? one.id)}”`).join(', ');
  const tone = action.reversibility === 'irreversible' || action.reversibility === 'unknown' ? 'danger' : 'warning';
  return {
    text: [action.reversibility.toUpperCase(), visible(environments), visible(action.operation), names]
      .filter((part) => part !== '')
      .join(' · '),
    tone,
  };
}

/** The message as it would be sent, the credential's place marked. Bytes that are no text are said to be uninspectable. */
function sent(step: Message): readonly PageLine[] {
  if (step.protocol === 'postgres') return statement(step);
  if (step.protocol !== 'http') return asItStands(step);
  const { method, origin, path, headers, body } = step as unknown as {
    method: string;
    origin: string;
    path: string;
    headers: readonly (readonly [string, string])[];
    body: Uint8Array | string;
  };
  const bytes = typeof body === 'string' ? Buffer.from(body, 'base64url') : Buffer.from(body);
  return [
    { text: visible(`${method} ${origin}${path}`), tone: 'strong' },
    ...headers.map(([name, value]): PageLine => ({ text: visible(`${name}: ${value}`), tone: 'plain' })),
    { text: '(the credential is added by holdpoint)', tone: 'plain' },
    ...(bytes.length === 0 ? [] : bodyLines(bytes)),
  ];
}

/** What cannot be read as a statement is shown as what it is. */
function statement(step: Message): readonly PageLine[] {
  try {
    return postgresLines(step);
  } catch (thrown) {
    if (thrown instanceof TypeError) return asItStands(step);
    throw thrown;
  }
}

function asItStands(step: Message): readonly PageLine[] {
  return [{ text: visible(canonicalJson(step)), tone: 'strong' }];
}

function bodyLines(bytes: Uint8Array): readonly PageLine[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return [{ text: visible(text), tone: 'strong' }];
  } catch {
    return [{ text: `UNINSPECTABLE: ${bytes.length} bytes that are no text; deny it`, tone: 'danger' }];
  }
}

function targets(action: Action): readonly PageLine[] {
  return action.resources.flatMap((one): PageLine[] => {
    const kind = one.kind.slice(one.kind.indexOf(':') + 1);
    const line: PageLine = {
      text: visible(`${kind} “${one.name ?? 'no name'}” (${one.id}) in ${one.environments.join(' and ')}`),
      tone: 'strong',
    };
    if (!mixesScripts(one.name ?? '')) return [line];
    return [line, { text: 'this name mixes alphabets that look alike', tone: 'warning' }];
  });
}

function factLine(fact: Fact): PageLine {
  return { text: visible(`${fact.label}: ${fact.value} [${fact.source}]`), tone: fact.tone };
}

function who(hold: Hold): readonly PageLine[] {
  const { principal, gate, token, upstream } = hold.request;
  return [
    { text: visible(`${principal.kind} ${principal.name}, through the ${gate} gate, to ${upstream}`), tone: 'plain' },
    { text: visible(`token ${token}, made for: ${hold.tokenPurpose}`), tone: 'plain' },
    { text: visible(`rule: ${hold.rules.join(', ')}`), tone: 'plain' },
    {
      text: `${tierWords(hold.tier, hold.tierProvedAt)}${hold.tier === 'T0' ? ': same OS user, so an approval is not proof of a human' : ''}`,
      tone: hold.tier === 'T0' ? 'warning' : 'plain',
    },
  ];
}

/** A tier never stands alone: it says when it was proved by attack, or that nobody did. */
export function tierWords(tier: string, provedAt: string | undefined): string {
  return `tier ${tier}, ${provedAt === undefined ? 'as started, not proved' : `proved ${provedAt}`}`;
}

function sign(hold: Hold): readonly PageLine[] {
  return [
    {
      text: `${hold.code}  expires ${hold.expiresAt}${hold.asked > 1 ? `  asked ${hold.asked} times` : ''}`,
      tone: 'strong',
    },
    { text: `digest ${hold.digest}`, tone: 'plain' },
    ...(hold.kind === 'question' ? ([{ text: 'there is nothing to sign', tone: 'strong' }] as const) : toSign(hold)),
  ];
}

function toSign(hold: Hold): readonly PageLine[] {
  return [
    ...(hold.defaultMode === 'delayed'
      ? [
          {
            text: 'after the signature it waits, and can be cancelled: holdpoint cancel ' + hold.code,
            tone: 'plain' as const,
          },
        ]
      : []),
    ...(hold.friction.signatures === 2 ? [{ text: 'two people have to sign', tone: 'warning' as const }] : []),
    ...(hold.friction.typedFact
      ? [{ text: `to sign, type exactly: ${visible(hold.varyingFact)}`, tone: 'strong' as const }]
      : []),
  ];
}
