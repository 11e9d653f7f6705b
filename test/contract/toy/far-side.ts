import { DatabaseSync } from 'node:sqlite';
import { LineBroken, type Answer, type Line, type Upstream } from '../../../src/contract/upstream.ts';
import type { Message } from '../../../src/model/plan.ts';

/** A message of the toy protocol: a transactional store of keys by environment. */
export interface ToyMessage extends Message {
  readonly protocol: 'toy';
  readonly verb: 'begin' | 'commit' | 'get' | 'set' | 'drop' | 'changed' | 'count';
  readonly environment?: string;
  readonly key?: string;
  readonly value?: string;
  /** The upstream entry that the client addressed. */
  readonly entry?: string;
}

export interface ToyRow {
  readonly environment: string;
  readonly key: string;
  readonly value: string | null;
}

/**
 * The toy's far side: a real transactional database with a log of its own, which is the truth in the contract suite. A
 * trigger keeps old rows of the open transaction, as a real server's row versions would.
 */
export class ToyFarSide {
  readonly log: string[] = [];
  readonly credentials: string[] = [];
  breakAt: 'nothing' | 'before-commit' | 'after-commit' = 'nothing';
  readonly #path: string;
  readonly #reader: DatabaseSync;

  constructor(path: string) {
    this.#path = path;
    this.#reader = new DatabaseSync(path);
    this.#reader.exec(`pragma journal_mode = wal;
      create table if not exists rows (environment text, key text, value text, primary key (environment, key));`);
  }

  rows(): readonly ToyRow[] {
    return this.#reader.prepare('select environment, key, value from rows order by 1, 2').all() as unknown as ToyRow[];
  }

  close(): void {
    this.#reader.close();
  }

  upstream(): Upstream {
    return {
      protocol: 'toy',
      open: async (_route, credential) => {
        this.credentials.push(credential.secret);
        return new ToyLine(this, this.#path);
      },
    };
  }
}

class ToyLine implements Line {
  readonly #far: ToyFarSide;
  readonly #database: DatabaseSync;
  #changed: ToyRow[] = [];

  constructor(far: ToyFarSide, path: string) {
    this.#far = far;
    this.#database = new DatabaseSync(path);
    this.#database.exec('pragma busy_timeout = 2000');
  }

  async send(message: Message): Promise<Answer> {
    const { verb, environment = '', key = '', value = '' } = message as ToyMessage;
    if (verb === 'commit' && this.#far.breakAt === 'before-commit') throw new LineBroken('unknown', 'the line broke');
    const content = this.#run(verb, environment, key, value);
    this.#far.log.push([verb, environment, key, value].filter((part) => part !== '').join(' '));
    if (verb === 'commit' && this.#far.breakAt === 'after-commit') throw new LineBroken('unknown', 'the line broke');
    return { protocol: 'toy', content };
  }

  #run(verb: ToyMessage['verb'], environment: string, key: string, value: string): unknown {
    switch (verb) {
      case 'begin':
        this.#changed = [];
        this.#database.exec('begin immediate');
        return null;
      case 'commit':
        this.#database.exec('commit');
        return { committed: this.#changed.length };
      case 'get':
        return this.#get(environment, key);
      case 'count':
        return this.#database.prepare('select count(*) as rows from rows where environment = ?').get(environment);
      case 'set':
        this.#changed.push({ environment, key, value: this.#get(environment, key) });
        this.#database
          .prepare('insert into rows values (?, ?, ?) on conflict do update set value = excluded.value')
          .run(environment, key, value);
        return null;
      case 'drop':
        this.#changed.push(
          ...(this.#database
            .prepare('select * from rows where environment = ?')
            .all(environment) as unknown as ToyRow[]),
        );
        this.#database.prepare('delete from rows where environment = ?').run(environment);
        return null;
      case 'changed':
        return [...this.#changed];
      default:
        return verb satisfies never;
    }
  }

  #get(environment: string, key: string): string | null {
    const row = this.#database
      .prepare('select value from rows where environment = ? and key = ?')
      .get(environment, key);
    return (row?.['value'] as string | undefined) ?? null;
  }

  async rollback(): Promise<void> {
    if (this.#database.isTransaction) {
      this.#database.exec('rollback');
      this.#far.log.push('rollback');
    }
  }

  async close(): Promise<void> {
    await this.rollback();
    this.#database.close();
  }
}
