/** A session on a server, as much of one as restores need. */
export interface Sql {
  /** Rows of the last statement, values as text. Throws the server's own no, after which it can be used again. */
  run(text: string): Promise<readonly (readonly (string | null)[])[]>;
  close(): Promise<void>;
}

/** Opens one on a server's socket, on this machine, where nobody asks for a password. */
export type OpenSql = (at: {
  /** Path of the socket itself. */
  readonly socket: string;
  readonly user: string;
  readonly database: string;
}) => Promise<Sql>;

/** A session for as long as the work takes. */
export async function within<T>(opening: Promise<Sql>, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await opening;
  try {
    return await work(sql);
  } finally {
    await sql.close();
  }
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedText(text: string): string {
  return text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}
