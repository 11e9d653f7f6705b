import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { railwayProvider } from './index.ts';
import { textMessage } from './message.ts';
import type { Answer } from '../../contract/upstream.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { Refused } from '../../model/refusal.ts';

const provider = railwayProvider();

function sent(message: HttpMessage): { readonly query: string } {
  const [step] = provider.read(message).plan.steps;
  return JSON.parse(new TextDecoder().decode((step as HttpMessage).body)) as { query: string };
}

function answer(body: unknown): Answer {
  return {
    protocol: 'http',
    content: { status: 200, headers: [['content-length', '7']], body: new TextEncoder().encode(JSON.stringify(body)) },
  };
}

function masked(message: HttpMessage, body: unknown): unknown {
  const { content } = provider.read(message).mask(answer(body));
  return JSON.parse(new TextDecoder().decode((content as { body: Uint8Array }).body));
}

const drop = textMessage('mutation ($id: String!) { projectDelete(id: $id) }', { id: 'p' });

describe('U3: what is sent in place of a deletion', () => {
  it('U3 is the one that can be cancelled, under an alias that says so', () => {
    expect(sent(drop).query).toContain('holdpoint_scheduled_projectDelete: projectScheduleDelete(id: $id)');
    const reading = provider.read(drop);
    expect(reading.actions.map((one) => [one.operation, one.reversibility])).toEqual([
      ['railway:projectScheduleDelete', 'recoverable'],
    ]);
    expect(reading.asks?.map((one) => [one.operation, one.reversibility])).toEqual([
      ['railway:projectDelete', 'irreversible'],
    ]);
    expect(reading.asked).toContain('projectDelete(id: $id)');
  });

  it('U3 is never answered as done: not by its own name, by an alias, in a batch, nor when the plan is run later', () => {
    const said = [expect.objectContaining({ message: expect.stringMatching(/^SCHEDULED, not done/) as string })];
    const done = { data: { holdpoint_scheduled_projectDelete: true } };
    expect(masked(drop, done)).toEqual({ data: { projectDelete: null }, errors: said });
    const [plan] = provider.read(drop).plan.steps;
    expect(masked(plan as HttpMessage, done)).toEqual({ data: { projectDelete: null }, errors: said });
    const aliased = textMessage('mutation { a: projectDelete(id: "a") b: projectDelete(id: "b") }');
    expect(masked(aliased, { data: { holdpoint_scheduled_a: true, holdpoint_scheduled_b: true } })).toEqual({
      data: { a: null, b: null },
      errors: [...said, ...said],
    });
    const batch: HttpMessage = {
      ...drop,
      body: new TextEncoder().encode(
        JSON.stringify([{ query: '{ me { id } }' }, { query: 'mutation { projectDelete(id: "p") }' }]),
      ),
    };
    expect(masked(batch, [{ data: { me: { id: 'i' } } }, done])).toEqual([
      { data: { me: { id: 'i' } } },
      { data: { projectDelete: null }, errors: said },
    ]);
  });

  it('U3 an error of the far side stays what it is', () => {
    const failed = { data: null, errors: [{ message: 'Project not found' }] };
    expect(masked(drop, failed)).toEqual(failed);
  });

  it('K5 property: however it is spelled, no document asks the far side for the real one, and a plan reads as itself', () => {
    const name = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,8}$/);
    const field = fc
      .tuple(
        fc.option(name),
        fc.constantFrom('"p"', '$id'),
        fc.constantFrom('', ' @skip(if: false)', ' @include(if: $on)'),
      )
      .map(([alias, id, directive]) => `${alias === null ? '' : `${alias}: `}projectDelete(id: ${id})${directive}`);
    const wrapped = fc.tuple(field, fc.constantFrom('', '... { ', '... on Mutation { ', '... F '));
    fc.assert(
      fc.property(fc.array(wrapped, { minLength: 1, maxLength: 3 }), (parts) => {
        const fragment = parts.find(([, wrap]) => wrap === '... F ');
        const text = parts
          .map(([one, wrap]) => (wrap === '' ? one : wrap === '... F ' ? wrap : `${wrap}${one} }`))
          .join(' ');
        const query = `mutation ($id: String!, $on: Boolean = true) { ${text} }${fragment === undefined ? '' : ` fragment F on Mutation { ${fragment[0]} }`}`;
        const message = textMessage(query, { id: 'p' });
        let reading;
        try {
          reading = provider.read(message);
        } catch (thrown) {
          // Two fields under one key, a variable that nobody uses.
          expect(thrown).toBeInstanceOf(Refused);
          return;
        }
        expect(sent(message).query).not.toMatch(/[^_a-zA-Z]projectDelete\(/);
        expect(reading.actions.every((one) => one.operation === 'railway:projectScheduleDelete')).toBe(true);
        const [step] = reading.plan.steps;
        const again = provider.read(step as HttpMessage);
        expect([again.plan, again.actions, again.asks]).toEqual([reading.plan, reading.actions, reading.asks]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('U1: the id of what is made', () => {
  const make = (selection: string): HttpMessage =>
    textMessage(`mutation ($i: VolumeCreateInput!) { v: volumeCreate(input: $i) { ${selection} } }`, {
      i: { projectId: 'p', mountPath: '/x' },
    });

  it('U1 is asked for where the client does not, or not surely; and is not in the answer that it gets', () => {
    for (const selection of ['name', 'name id @include(if: true)', '... on Volume { id name }']) {
      expect(sent(make(selection)).query).toContain('holdpoint_id: id');
      expect(masked(make(selection), { data: { v: { name: 'n', holdpoint_id: 'made' } } })).toEqual({
        data: { v: { name: 'n' } },
      });
    }
    expect(sent(make('name id')).query).not.toContain('holdpoint_id');
    expect(sent(make('name key: id')).query).not.toContain('holdpoint_id');
  });

  it('U1 a plan with it reads as itself', () => {
    const [step] = provider.read(make('name')).plan.steps;
    expect(provider.read(step as HttpMessage).plan.steps[0]).toEqual(step);
  });

  it('K5 queries and other mutations are sent as they were asked', () => {
    expect(provider.read(textMessage('{ me { id } }')).asked ?? '').not.toContain('holdpoint');
    expect(sent(textMessage('mutation { volumeDelete(volumeId: "v") }')).query).not.toContain('holdpoint');
  });
});
