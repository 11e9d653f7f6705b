import type { Program } from '../stage/program.ts';

export interface Sending {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: unknown;
  readonly method?: string;
  readonly proxy?: string;
  readonly ca?: string;
}

export interface Querying {
  readonly url: string;
  readonly by: 'psql' | 'pg';
  readonly driver: string;
  readonly statements: readonly string[];
}

/** What a database client was told. */
export interface SqlAnswered {
  readonly failed: boolean;
  /** SQLSTATE, where the client shows it. */
  readonly code?: string;
  readonly text: string;
  readonly by: string;
}

/** What came back to the agent, read as far as it can be. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
  readonly by: string;
  /** `HELD`, `DENIED`, …; undefined where Holdpoint said no such thing. */
  readonly code: string | undefined;
  readonly message: string;
  readonly hold: string | undefined;
  readonly data: { readonly [name: string]: unknown } | undefined;
}

interface Raw {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
  readonly by: string;
}

/** The agent's process, told one thing after another: each is a request of its own, sent as the agent's OS user. */
export class Hands {
  readonly #program: Program;
  /** How often it was denied a `volumeDelete`, as it was told itself. */
  denials = 0;
  #id = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  async send(sending: Sending): Promise<Answered> {
    const answer = readAnswer((await this.#tell({ send: sending })) as Raw);
    if (answer.code === 'DENIED' && JSON.stringify(sending.body ?? '').includes('volumeDelete')) this.denials += 1;
    return answer;
  }

  /** Statements by psql or a driver. */
  async sql(querying: Querying): Promise<SqlAnswered> {
    return (await this.#tell({ sql: querying })) as SqlAnswered;
  }

  /** Which of these it could read. */
  async pry(paths: readonly string[]): Promise<readonly string[]> {
    return ((await this.#tell({ pry: paths })) as { opened: readonly string[] }).opened;
  }

  async signal(pid: number, name: string): Promise<readonly string[]> {
    return ((await this.#tell({ signal: { pid, name } })) as { opened: readonly string[] }).opened;
  }

  async #tell(what: object): Promise<unknown> {
    this.#program.say({ id: ++this.#id, ...what });
    return this.#program.next(30_000);
  }
}

export function readAnswer(raw: Raw): Answered {
  const read = parsed(raw.text);
  const [error] = read.errors ?? [];
  const code = error?.extensions?.code ?? read.code;
  const hold = error?.extensions?.hold ?? read.hold;
  return {
    ...raw,
    code: code?.startsWith('HOLDPOINT_') === true ? code.slice('HOLDPOINT_'.length) : undefined,
    message: error?.message ?? read.detail ?? raw.text.slice(0, 300),
    hold,
    data: read.data ?? undefined,
  };
}

interface Read {
  readonly data?: { readonly [name: string]: unknown } | null;
  readonly errors?: readonly { readonly message?: string; readonly extensions?: { code?: string; hold?: string } }[];
  readonly code?: string;
  readonly detail?: string;
  readonly hold?: string;
}

function parsed(text: string): Read {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Read) : {};
  } catch {
    return {};
  }
}
