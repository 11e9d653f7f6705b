import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Difference, differences } from './suite-compare.ts';
import { changesRole, withOneRole } from './suite-roles.ts';
import { openAllPermitting, type OpenGate } from './suite-gate.ts';
import { openSuiteServer, quietServer } from './sql-torture.ts';
import { readable, type Suite } from './sql-suite.ts';
import type { TestServer } from '../postgres/server.ts';

/** What became of one file of the suite. */
export interface FileResult {
  readonly name: string;
  /** Whether what makes the session another role's was taken out of it, for both. */
  readonly oneRole: boolean;
  /** Lines that psql printed directly. */
  readonly lines: number;
  /** What it printed otherwise through the gate; what is otherwise in a second direct run too is none. */
  readonly differences: readonly Difference[];
  /** It came to no end in time through the gate, or directly. */
  readonly late: boolean;
  /** Line of the direct output, from 1, where psql says that the server itself ended. */
  readonly endedAt?: number;
}

export interface SuiteOptions {
  readonly suite: Suite;
  /** Names of files; the others before the last of them only build the world, directly. */
  readonly only?: readonly string[];
  /** Where the outputs are kept: `<name>.direct`, `.gate`, `.again`. A temporary folder, removed at the end, when absent. */
  readonly kept?: string;
  readonly told?: (result: FileResult) => void;
}

const database = 'regression';
const base = 'regression_base';

/** Without psql 18's own commands it watches for ever. */
const unfit: ReadonlySet<string> = new Set(['psql_pipeline']);

/** As a superuser all along they wreck the database, or the server. */
const needsRoles: ReadonlySet<string> = new Set(['privileges']);

/** A file that hangs is ended after so many ms. */
const longest = 240_000;

/**
 * Runs files of PostgreSQL's regression suite by psql twice from the same state, once directly and once through a gate that
 * permits everything, and compares what psql prints.
 */
export async function runSuite(options: SuiteOptions): Promise<readonly FileResult[]> {
  const run = await SuiteRun.open(options);
  try {
    return await run.all();
  } finally {
    await run.close();
  }
}

/** What a file may leave outside its database, by quoted names. */
interface Outside {
  readonly roles: ReadonlySet<string>;
  readonly databases: ReadonlySet<string>;
}

type Way = 'direct' | 'gate' | 'again';

interface Printed {
  readonly text: string;
  readonly late: boolean;
}

class SuiteRun {
  readonly #options: SuiteOptions;
  readonly #server: TestServer;
  readonly #folder: string;
  readonly #ground: string;

  private constructor(options: SuiteOptions, server: TestServer, folder: string, ground: string) {
    this.#options = options;
    this.#server = server;
    this.#folder = folder;
    this.#ground = ground;
  }

  static async open(options: SuiteOptions): Promise<SuiteRun> {
    const folder =
      options.kept === undefined ? await mkdtemp(join(tmpdir(), 'holdpoint-suite-')) : resolve(options.kept);
    await mkdir(join(folder, 'results'), { recursive: true });
    // The server writes there as an account of its own.
    for (const one of [folder, join(folder, 'results')]) await chmod(one, 0o777);
    const settings = [
      ...quietServer.filter((one) => !/^lock_timeout|^autovacuum/.test(one)),
      'max_prepared_transactions=2',
    ];
    const ground = await mkdtemp(join(tmpdir(), 'holdpoint-ground-'));
    const suite = await readable(options.suite, ground);
    const server = await openSuiteServer(suite, settings);
    try {
      await letRolesIn(server);
      await server.query(`ALTER DATABASE ${database} RENAME TO ${base}`);
      return new SuiteRun({ ...options, suite }, server, folder, ground);
    } catch (thrown) {
      await server.stop();
      await rm(ground, { recursive: true, force: true });
      throw thrown;
    }
  }

  async all(): Promise<readonly FileResult[]> {
    const { suite, only } = this.#options;
    const names = suite.names.filter((name) => name !== 'test_setup' && !unfit.has(name));
    const wanted = new Set(only ?? names);
    const last = names.findLastIndex((name) => wanted.has(name));
    const results: FileResult[] = [];
    for (const name of names.slice(0, last + 1)) {
      if (!wanted.has(name)) {
        await this.#copied();
        await this.#psql(name, false, 'direct', this.#server);
        await this.#keep();
        continue;
      }
      const script = await readFile(join(suite.folder, 'sql', `${name}.sql`), 'utf8');
      const both = changesRole(script) && !needsRoles.has(name) ? [true, false] : [false];
      const before = await this.#outside();
      for (const oneRole of both) {
        const result = await this.#compared(name, oneRole);
        results.push(result);
        this.#options.told?.(result);
        if (oneRole) await this.#dropped(before);
      }
      await this.#keep();
    }
    return results;
  }

  /** Through the gate first, since it is the direct run whose world may go on. */
  async #compared(name: string, oneRole: boolean): Promise<FileResult> {
    const before = await this.#outside();
    await this.#copied();
    const far = await this.#throughGate(name, oneRole);
    await this.#dropped(before);
    await this.#copied();
    const near = await this.#psql(name, oneRole, 'direct', this.#server);
    let again = near;
    if (near.text !== far.text) {
      await this.#dropped(before);
      await this.#copied();
      again = await this.#psql(name, oneRole, 'again', this.#server);
    }
    const lines = near.text.split('\n');
    const ended = lines.findIndex((line) => line.startsWith('server closed the connection unexpectedly'));
    return {
      name,
      oneRole,
      lines: lines.length,
      differences: differences(near.text, far.text, again.text),
      late: near.late || far.late,
      ...(ended < 0 ? {} : { endedAt: ended + 1 }),
    };
  }

  async #copied(): Promise<void> {
    await this.#ask(`CREATE DATABASE ${database} TEMPLATE ${base}`);
    const settings = [
      `datestyle = 'Postgres, MDY'`,
      `timezone = 'America/Los_Angeles'`,
      `intervalstyle = 'postgres_verbose'`,
      `lc_messages = 'C'`,
      `timezone_abbreviations = 'Default'`,
      // The gate's own bounds, said of both.
      `statement_timeout = '60s'`,
      `lock_timeout = '10s'`,
    ];
    await this.#ask(settings.map((one) => `ALTER DATABASE ${database} SET ${one}`).join('; '));
  }

  /** What the direct run left is what the next file begins with. */
  async #keep(): Promise<void> {
    await this.#drop(base);
    await this.#ask(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${database}'`);
    await this.#ask(`ALTER DATABASE ${database} RENAME TO ${base}`);
  }

  async #drop(which: string): Promise<void> {
    // A subscription or a slot keeps its database.
    await this.#ask(`SET allow_system_table_mods = on;
      SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${which}' AND NOT active;
      DELETE FROM pg_subscription s USING pg_database d WHERE d.oid = s.subdbid AND d.datname = '${which}'`);
    await this.#ask(`DROP DATABASE ${which} WITH (FORCE)`);
  }

  /** A server that crashed, since the file broke its catalogue, recovers within seconds. */
  async #ask(text: string): Promise<readonly { readonly [column: string]: unknown }[]> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#server.query(text)).rows;
      } catch (thrown) {
        const code = (thrown as { readonly code?: string }).code ?? '';
        if (attempt >= 100 || !/^57P0|^ECONN|^$/.test(code)) throw thrown;
        await sleep(300);
      }
    }
  }

  async #outside(): Promise<Outside> {
    const named = async (text: string): Promise<ReadonlySet<string>> =>
      new Set((await this.#ask(text)).map(({ name }) => String(name)));
    return {
      roles: await named('SELECT quote_ident(rolname) AS name FROM pg_roles'),
      databases: await named('SELECT quote_ident(datname) AS name FROM pg_database'),
    };
  }

  /** The run's database, and what it left beside it in the cluster: the next run begins as this one did. */
  async #dropped(before: Outside): Promise<void> {
    await this.#drop(database);
    const left = await this.#outside();
    for (const name of left.databases)
      if (!before.databases.has(name)) await this.#ask(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    for (const name of left.roles)
      if (!before.roles.has(name))
        await this.#server.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`).catch(() => undefined);
  }

  /** One of its own for each copy: a gate does not go on where another database answers. */
  async #throughGate(name: string, oneRole: boolean): Promise<Printed> {
    const gate: OpenGate = await openAllPermitting(this.#server, database);
    try {
      return await this.#psql(name, oneRole, 'gate', gate);
    } finally {
      await gate.close();
    }
  }

  async #psql(
    name: string,
    oneRole: boolean,
    as: Way,
    { port, password }: { readonly port: number; readonly password: string },
  ): Promise<Printed> {
    const { suite } = this.#options;
    const kept = join(this.#folder, oneRole ? `${name}.one-role.${as}` : `${name}.${as}`);
    const script = oneRole ? await this.#oneRole(name) : join(suite.folder, 'sql', `${name}.sql`);
    const [from, into] = [openSync(script, 'r'), openSync(kept, 'w')];
    const arguments_ = ['-X', '-a', '-q', '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'];
    const psql = spawn('psql', arguments_, {
      stdio: [from, into, into],
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        LC_MESSAGES: 'C',
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: 'postgres',
        PGDATABASE: database,
        PGPASSWORD: password,
        PGSSLMODE: 'disable',
        PG_ABS_SRCDIR: suite.folder,
        PG_ABS_BUILDDIR: this.#folder,
        PG_LIBDIR: '/nowhere',
        PG_DLSUFFIX: '.so',
      },
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      psql.kill('SIGKILL');
    }, longest);
    await once(psql, 'exit');
    clearTimeout(timer);
    closeSync(from);
    closeSync(into);
    return { text: await readFile(kept, 'utf8'), late };
  }

  async #oneRole(name: string): Promise<string> {
    const path = join(this.#folder, `${name}.one-role.sql`);
    const script = await readFile(join(this.#options.suite.folder, 'sql', `${name}.sql`), 'utf8');
    await writeFile(path, withOneRole(script));
    return path;
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await rm(this.#ground, { recursive: true, force: true });
    if (this.#options.kept === undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The suite goes over to roles that it makes, as if whoever connects were believed. */
async function letRolesIn(server: TestServer): Promise<void> {
  const { rows } = await server.query(`SELECT current_setting('hba_file') AS file`);
  const lines = ['host all postgres 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'];
  const listed = lines.map((line) => `('${line}')`).join(', ');
  await server.query(`COPY (VALUES ${listed}) TO '${String(rows[0]?.['file'])}'; SELECT pg_reload_conf()`);
}
