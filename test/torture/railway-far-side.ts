import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DocumentNode, execute, type GraphQLResolveInfo, OperationTypeNode, parse } from 'graphql';
import type { Double } from '../../demo/railway/double.ts';
import { body, railwaySchema, run } from '../../demo/railway/execute.ts';
import { DoubleLog } from '../../demo/railway/log.ts';
import { seedPocketOs } from '../../demo/railway/seed.ts';
import type { Seeded } from '../../demo/railway/seeded.ts';
import { typeOfRow } from '../../demo/railway/type-fields.ts';
import { FolderVolumes } from '../../demo/railway/volumes.ts';
import { World } from '../../demo/railway/world.ts';
import type { Upstream } from '../../src/contract/upstream.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';

/** A mutation's resolver was reached, by bytes that were sent. */
export interface Reach {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly sent: HttpMessage;
}

type Judge = (reach: Reach) => Promise<void>;

/**
 * The far side in this process: it reads what arrives with graphql-js itself, answers reads out of the double's seed, and
 * tells of each mutation whose resolver runs. Nothing is changed by one, so that all requests meet the same world.
 */
export interface FarSide {
  readonly double: Pick<Double, 'ids' | 'tokens' | 'state' | 'schema' | 'url'>;
  readonly upstream: Upstream;
  /** Is told of each mutation before its answer goes out; what it throws is kept in `wrong`. */
  judge: Judge;
  readonly wrong: unknown[];
  /** Messages that came, and mutations whose resolver ran. */
  readonly came: { requests: number; mutations: number };
  close(): void;
}

interface Parsed {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | null;
}

export async function openFarSide(): Promise<FarSide> {
  const home = mkdtempSync(join(tmpdir(), 'holdpoint-torture-'));
  const log = new DoubleLog(null, () => Date.parse('2026-11-23T08:00:00.000Z'));
  const world = new World('pocketos', log, () => Date.parse('2026-11-23T08:00:00.000Z'));
  const volumes = new FolderVolumes(join(home, 'volumes'));
  world.volumes = volumes;
  const seeded = await seed(world);
  const schema = railwaySchema();
  const user = world.state.find('apiTokens', { token: seeded.tokens.account })?.['userId'];
  const caller = { kind: 'account', userId: typeof user === 'string' ? user : '' } as const;
  const far: FarSide = {
    double: { ...seeded, state: world.state, schema, url: 'http://127.0.0.1:9/graphql/v2' },
    judge: () => Promise.resolve(),
    wrong: [],
    came: { requests: 0, mutations: 0 },
    close: () => {
      log.close();
      rmSync(home, { recursive: true, force: true });
    },
    upstream: {
      protocol: 'http',
      open: () => Promise.resolve({ send, rollback: () => Promise.resolve(), close: () => Promise.resolve() }),
    },
  };
  const known = new Map<string, DocumentNode>();

  /** Unlike the real one it validates nothing: what a careless server would run, is run. */
  function read(query: string): DocumentNode {
    const before = known.get(query);
    if (before !== undefined) return before;
    const document = parse(query);
    if (known.size > 500) known.clear();
    known.set(query, document);
    return document;
  }

  async function reached(info: GraphQLResolveInfo, args: unknown, sent: HttpMessage): Promise<never> {
    far.came.mutations += 1;
    try {
      await far.judge({ name: info.fieldName, arguments: args as Reach['arguments'], sent });
    } catch (thrown) {
      far.wrong.push(thrown);
    }
    // The first proves that nothing was done, the second proves nothing.
    throw new Error(far.came.mutations % 5 > 0 ? 'Invalid input' : 'Problem processing request');
  }

  async function one(given: Parsed, sent: HttpMessage): Promise<unknown> {
    const document = read(given.query);
    const operations = document.definitions.filter((definition) => definition.kind === 'OperationDefinition');
    const named = operations.filter(
      (operation) => given.operationName === null || operation.name?.value === given.operationName,
    );
    if (named.every((operation) => operation.operation === OperationTypeNode.QUERY)) {
      const prepared = {
        request: { ...given, variables: given.variables as never },
        document,
        errors: [],
        operations: [],
      };
      return body(await run(schema, world, prepared, caller, 0));
    }
    const result = await execute({
      schema,
      document,
      variableValues: given.variables,
      operationName: given.operationName,
      typeResolver: typeOfRow,
      fieldResolver: (_source: unknown, args: unknown, _context: unknown, info: GraphQLResolveInfo): unknown =>
        reached(info, args, sent),
    });
    return body(result);
  }

  async function send(message: unknown): Promise<{ protocol: string; content: unknown }> {
    far.came.requests += 1;
    const sent = message as HttpMessage;
    const answer = await answerTo(sent);
    // Reads write a line each as well; a million of them would fill the memory.
    log.entries.length = 0;
    const headers = [['content-type', 'application/json']];
    return { protocol: 'http', content: { status: 200, headers, body: Buffer.from(JSON.stringify(answer)) } };
  }

  async function answerTo(sent: HttpMessage): Promise<unknown> {
    const given =
      sent.method === 'GET' ? fromAddress(sent.path) : (JSON.parse(Buffer.from(sent.body).toString()) as unknown);
    if (!Array.isArray(given)) return one(parsed(given), sent);
    const answers: unknown[] = [];
    for (const each of given) answers.push(await one(parsed(each), sent));
    return answers;
  }

  return far;
}

async function seed(world: World): Promise<Seeded> {
  world.quiet = true;
  try {
    return await seedPocketOs(world, {
      databaseUrl: (environment) =>
        `postgresql://postgres:${environment}-secret@postgres.railway.internal:5432/pocketos`,
      fill: () => Promise.resolve(),
    });
  } finally {
    world.quiet = false;
  }
}

function fromAddress(path: string): unknown {
  const given = new URL(path, 'http://far.invalid').searchParams;
  const variables = given.get('variables');
  return {
    query: given.get('query') ?? '',
    variables: variables === null || variables === '' ? {} : (JSON.parse(variables) as unknown),
    operationName: given.get('operationName'),
  };
}

function parsed(given: unknown): Parsed {
  const { query, variables, operationName } = (given ?? {}) as { readonly [member: string]: unknown };
  return {
    query: typeof query === 'string' ? query : '',
    variables: typeof variables === 'object' && variables !== null ? (variables as Record<string, unknown>) : {},
    operationName: typeof operationName === 'string' && operationName !== '' ? operationName : null,
  };
}
