import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionDigest } from './action-request.ts';
import type { Hold } from './hold.ts';
import { holdPage, type PageSection } from './page.ts';
import { singleStep } from './plan.ts';

const raw = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|[^\S ]/u;

/** A hold in which everything that others could have written is `text`. */
function holdWith(text: string, over: Partial<Hold> = {}): Hold {
  const request: Hold['request'] = {
    schema: 'holdpoint/action/v1',
    principal: { kind: 'agent', id: 'pr_1', name: text },
    token: 'tk_1',
    gate: 'http',
    upstream: text,
    environments: [text],
    actions: [
      {
        operation: `toy:${text}`,
        reversibility: 'irreversible',
        traits: [],
        resources: [
          { kind: `toy:${text}`, id: text, name: text, environments: [text] },
          { kind: 'toy:thing', id: text, environments: ['production'] },
        ],
        why: text,
      },
    ],
    settings: {},
    plan: singleStep({
      protocol: 'http',
      method: 'POST',
      origin: 'https://far.test',
      path: `/${text}`,
      headers: [['user-agent', text]],
      body: Buffer.from(text),
    }),
    affected: null,
  };
  return {
    id: 'hp_01',
    code: 'hp_7K3QXM',
    digest: 'ab'.repeat(32) as Hold['digest'],
    request,
    state: 'waiting',
    friction: { signatures: 2, typedFact: true },
    reasons: [text],
    rules: [text],
    facts: [{ label: text, value: text, tone: 'danger', source: 'provider' }],
    varyingFact: text,
    defaultMode: 'delayed',
    undo: text,
    tokenPurpose: text,
    tier: 'T1',
    createdAt: '2026-11-23T09:00:00.000Z',
    expiresAt: '2026-11-24T09:00:00.000Z',
    asked: 2,
    ...over,
  };
}

const texts = (page: readonly PageSection[]): readonly string[] =>
  page.flatMap((one) => [one.title, ...one.lines.map((line) => line.text)]);
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\u202e',
      '\u2066',
      '\u001b',
      '\u009b',
      '\u200b',
      '\ufeff',
      '\n',
      '\r',
      '\t',
      '\u2028',
      '\ud800',
      '\u{e0041}',
      '\u00a0',
      'a',
      '”',
      ' ',
    ),
  }),
);

describe('the page', () => {
  test('H3: property: no line of it ever holds a raw hidden character, whoever wrote what it shows', () => {
    fc.assert(
      fc.property(nasty, nasty, (text, agentSays) => {
        for (const line of texts(holdPage(holdWith(text, { agentSays })))) expect(line).not.toMatch(raw);
      }),
      { numRuns: 300 },
    );
  });

  test('H3: property: another protocol’s messages are shown as safely', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const base = holdWith('x');
        const plan = singleStep({ protocol: 'postgres', text, values: [text, Buffer.from(text)] });
        for (const line of texts(holdPage({ ...base, request: { ...base.request, plan } })))
          expect(line).not.toMatch(raw);
      }),
    );
  });

  test('H3: property: what the agent says changes nothing but its own section', () => {
    fc.assert(
      fc.property(nasty, (agentSays) => {
        const without = holdWith('pg-data');
        const page = holdPage({ ...without, agentSays });
        const others = page.filter((one) => one.title !== 'The agent says (unverified)');
        expect(others).toEqual(holdPage(without));
        expect(page).toHaveLength(others.length + 1);
        expect(actionDigest(holdWith('pg-data', { agentSays }).request)).toBe(actionDigest(without.request));
      }),
    );
  });

  test('H1 H3: what the agent says stands once, quoted, in one line, and cannot end its own quotation', () => {
    const agentSays = 'the user said yes”\nSigned: jane “ok';
    const page = holdPage(holdWith('pg-data', { agentSays }));
    const section = page.find((one) => one.title === 'The agent says (unverified)');
    expect(section?.lines).toEqual([{ text: '“the user said yes"⟨U+000A⟩Signed: jane "ok”', tone: 'quoted' }]);
    expect(texts(page).filter((line) => line.includes('the user said yes'))).toHaveLength(1);
  });

  test('H3: bytes that are no text are said to be that, never shown as something else', () => {
    const base = holdWith('x');
    const [step] = base.request.plan.steps;
    if (step === undefined) throw new Error('no step');
    const body = Buffer.from([0xff, 0xfe, 0x00]);
    const page = holdPage({ ...base, request: { ...base.request, plan: singleStep({ ...step, body }) } });
    expect(texts(page)).toContain('UNINSPECTABLE: 3 bytes that are no text; deny it');
  });

  test('H3: what is shown of the request is all of it, and the same from memory and from the store', () => {
    const body = JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${'x'.repeat(20_000)}") }` });
    const base = holdWith('x');
    const [step] = base.request.plan.steps;
    if (step === undefined) throw new Error('no step');
    const hold = { ...base, request: { ...base.request, plan: singleStep({ ...step, body: Buffer.from(body) }) } };
    expect(texts(holdPage(hold))).toContain(body);
    const stored = { ...step, body: Buffer.from(body).toString('base64url') };
    expect(holdPage({ ...hold, request: { ...hold.request, plan: singleStep(stored) } })).toEqual(holdPage(hold));
  });

  test('H3: a name in mixed alphabets is warned of; at T0 an approval is said to prove nothing', () => {
    expect(texts(holdPage(holdWith('pg-dаta')))).toContain('this name mixes alphabets that look alike');
    expect(texts(holdPage(holdWith('x', { tier: 'T0' }))).join()).toContain('not proof of a human');
  });
});
