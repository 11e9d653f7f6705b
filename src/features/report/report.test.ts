import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildReport } from './build.ts';
import { gather, type Subject } from './evidence.ts';
import { reportLines } from './markdown.ts';
import { block, code, plain } from './quoted.ts';
import type { IncidentReport } from './report.ts';

type Draft = Readonly<Record<string, unknown>>;

const at = (index: number): string => new Date(Date.UTC(2026, 3, 24, 18, 0, index)).toISOString();
const lineOf = (draft: Draft, index: number): string =>
  JSON.stringify({ entry: { schema: 'holdpoint/entry/v1', index, at: at(index), body: {}, ...draft }, leaf: '00' });
const journal = (drafts: readonly Draft[]): readonly string[] => [
  JSON.stringify({ schema: 'holdpoint/journal-export/v1', size: drafts.length }),
  ...drafts.map(lineOf),
  JSON.stringify({ checkpoint: 'none of ours' }),
];
const told = async (drafts: readonly Draft[], subject: Subject): Promise<IncidentReport> => {
  const evidence = await gather(subject, () => journal(drafts));
  if (evidence === undefined) throw new Error('the journal knows nothing of it');
  return buildReport(evidence, undefined);
};

const query = 'mutation { volumeDelete(volumeId: "v1") }';
const request = {
  environments: ['production'],
  actions: [
    {
      operation: 'railway:volumeDelete',
      resources: [{ kind: 'railway:volume', id: 'v1', name: 'pg-data', environments: ['production'] }],
    },
  ],
  plan: {
    effect: 0,
    steps: [
      {
        protocol: 'http',
        method: 'POST',
        origin: 'https://backboard.railway.com',
        path: '/graphql/v2',
        headers: [['content-type', 'application/json']],
        body: Buffer.from(JSON.stringify({ query })).toString('base64url'),
      },
    ],
  },
};
const who = { principal: 'cursor', token: 'tk_1', gate: 'http' };
const approval = {
  statement: { signer: 'sg_1', typed: 'pg-data', notBefore: at(10), notAfter: at(900), number: 'n' },
  signature: 's',
};
const story: readonly Draft[] = [
  { kind: 'started' },
  { kind: 'signer-changed', principal: 'jane', body: { change: 'added', signer: 'sg_1' } },
  {
    kind: 'act-signed',
    principal: 'jane',
    body: { act: 'token-create', statement: { signer: 'sg_1', body: { name: 'cursor' } } },
  },
  {
    kind: 'token-created',
    principal: 'cursor',
    token: 'tk_1',
    body: {
      principalKind: 'agent',
      purpose: 'custom domains',
      scope: { operations: ['a'], environments: ['staging'] },
    },
  },
  {
    ...who,
    kind: 'refused',
    body: { code: 'DENIED', detail: 'outside it', by: 'scope', operations: ['x'], plan: request.plan },
  },
  {
    ...who,
    kind: 'held',
    hold: 'hp_WHOLE',
    digest: 'd1',
    body: { code: 'hp_7K3QXM', request, rules: ['signed/irreversible'], reasons: ['it cannot be undone'], tier: 'T1' },
  },
  { ...who, kind: 'approved', hold: 'hp_WHOLE', digest: 'd1', body: { approval, proofOfHuman: true } },
  { ...who, kind: 'intent', hold: 'hp_WHOLE', digest: 'd1', body: { request, clearance: 'cl_1', image: 'im_1' } },
  { ...who, kind: 'settled', hold: 'hp_WHOLE', digest: 'd1', body: { clearance: 'cl_1', outcome: 'done' } },
  { kind: 'undone', principal: 'jane', digest: 'd1', body: { image: 'im_1', notUndone: ['its certificate'] } },
  { kind: 'refused', principal: 'other', body: { code: 'DENIED' } },
];

/** The lines without fenced blocks and code spans, in which nothing means anything. */
const outsideCode = (lines: readonly string[]): readonly string[] => {
  let fence: string | undefined;
  return lines.flatMap((line) => {
    const opened = /^(`{3,})text$/.exec(line)?.[1];
    if (fence === undefined && opened === undefined)
      return [line.replaceAll(/(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)/g, '')];
    fence = fence === undefined ? opened : line === fence ? undefined : fence;
    return [];
  });
};

describe('an incident report', () => {
  it('J2: says who minted the token, what was asked, which rule fired, who signed, what took effect and what came back', async () => {
    const report = await told(story, { kind: 'hold', hold: 'hp_7k3qxm' });
    expect(report.tokens).toMatchObject([{ id: 'tk_1', purpose: 'custom domains', mintedBy: { name: 'jane' } }]);
    expect(report.asked.map((one) => [one.outcome, one.rules])).toEqual([
      ['refused', ['the scope of the token']],
      ['held', ['signed/irreversible']],
    ]);
    expect(report.asked.every((one) => one.exact[0]?.includes('volumeDelete(volumeId: \\"v1\\")'))).toBe(true);
    expect(report.words).toMatchObject([{ said: 'approved', by: 'jane', typed: 'pg-data', signed: true }]);
    expect(report.effects).toMatchObject([{ outcome: 'done', resources: ['volume pg-data (v1) in production'] }]);
    expect(report.cameBack).toMatchObject([{ how: 'undone', by: 'jane', notUndone: ['its certificate'] }]);
    expect(report.didNotComeBack).toEqual([]);
    expect(report.tiers).toEqual(['T1']);
    expect(report.timeline.some((one) => one.who === 'other')).toBe(false);
    expect(report.notKnown).toContain('whether the journal is whole: it was not verified');
  });

  it('J2: an act that merely stands before a token is nobody’s signature on it', async () => {
    const changed = story.map((draft, index) =>
      index === 2
        ? { ...draft, body: { act: 'token-create', statement: { signer: 'sg_1', body: { name: 'somebody' } } } }
        : draft,
    );
    const report = await told(changed, { kind: 'agent', agent: 'cursor' });
    expect(report.tokens[0]?.mintedBy).toBeUndefined();
  });

  it('J2: what was sent and not proved is not known, and stands', async () => {
    const report = await told(story.slice(0, 8), { kind: 'agent', agent: 'cursor' });
    expect(report.didNotComeBack).toMatchObject([{ outcome: 'open' }]);
    expect(report.notKnown.join()).toContain('whether railway:volumeDelete of entry 7 took effect');
  });

  it('J2: of a time it tells what lies in it, and of nothing known it is none', async () => {
    const report = await told(story, { kind: 'time', from: at(5), to: at(6) });
    expect(report.timeline.map((one) => one.entry)).toEqual([5, 6]);
    expect(await gather({ kind: 'hold', hold: 'hp_000000' }, () => journal(story))).toBeUndefined();
    expect(await gather({ kind: 'agent', agent: 'nobody' }, () => journal(story))).toBeUndefined();
  });

  it('J2, F3: property: no journal makes it throw, and hostile text is only ever text', async () => {
    const nasty = fc.oneof(
      fc.constantFrom('\n# Incident report', '```\n# x', '<script>', '[x](javascript:1)', '|a|', '\u202e', '``` ```'),
      fc.string(),
    );
    const draft = fc.record(
      {
        kind: fc.constantFrom(
          'held',
          'refused',
          'intent',
          'settled',
          'denied',
          'undone',
          'token-created',
          'gap',
          'frozen',
        ),
        principal: fc.constantFrom('cursor', 'other'),
        token: nasty,
        hold: nasty,
        body: fc.oneof(
          fc.dictionary(
            fc.constantFrom('code', 'detail', 'reasons', 'request', 'plan', 'by', 'note'),
            fc.oneof(nasty, fc.array(nasty), fc.object({ maxDepth: 2 })),
          ),
          fc.constant({}),
        ),
      },
      { requiredKeys: ['kind', 'body'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { maxLength: 12 }), async (drafts) => {
        const report = await told([...drafts, { kind: 'frozen', principal: 'cursor' }], {
          kind: 'agent',
          agent: 'cursor',
        });
        const lines = reportLines(report);
        expect(lines.filter((line) => line.startsWith('# '))).toHaveLength(1);
        for (const line of outsideCode(lines)) expect(line).not.toContain('<script>');
        for (const line of lines) expect(line).not.toMatch(/[\u202e\n]/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('quoting', () => {
  it('J2: property: a fenced block is not ended by what is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', '\n', '~') }), (text) => {
        const [open = '', ...rest] = block(text);
        const fence = open.replace('text', '');
        expect(rest.at(-1)).toBe(fence);
        expect(rest.slice(0, -1).some((line) => line.trim().startsWith(fence))).toBe(false);
      }),
    );
  });

  it.each(['`', '``', 'a`b', '', '` `'])('J2: %j is a code span of its own', (text) => {
    const span = code(text);
    const fence = /^`+/.exec(span)?.[0] ?? '';
    expect(span.endsWith(fence)).toBe(true);
    expect(span.slice(fence.length, -fence.length).includes(fence)).toBe(false);
  });

  it('J2: nothing of plain text means anything', () => {
    expect(plain('**b** <img> [l](u) \u202e#')).toBe('\\*\\*b\\*\\* &lt;img\\> \\[l\\](u) ⟨U+202E⟩\\#');
    expect(plain('see https://a.b and www.c.d')).toBe('see https\\://a.b and www\\.c.d');
  });
});
