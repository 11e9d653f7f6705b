/** A PostgreSQL upstream that the agent's token reaches. */
export interface Database {
  /** The upstream's name, which at the gate is the name of the database. */
  readonly name: string;
  readonly environment: string;
}

/** How a program finds its database: through the gate, signed in by the agent token. */
export interface DatabaseVariables {
  readonly env: { readonly [name: string]: string };
  /** The one that `DATABASE_URL` leads to; undefined where there is none, or several and none was chosen. */
  readonly usual: Database | undefined;
}

/**
 * `DATABASE_URL` and libpq's variables for the one database there is, or that was chosen; `PG_STAGING_DATABASE_URL` for
 * each where there are several, since no program should land in production by default.
 */
export function databaseVariables(given: {
  readonly agent: string;
  readonly token: string;
  /** `postgres://127.0.0.1:7432`; undefined where no such gate is open. */
  readonly gate: string | undefined;
  readonly databases: readonly Database[];
  readonly chosen: string | undefined;
}): DatabaseVariables {
  const { agent, token, gate, databases, chosen } = given;
  if (gate === undefined || databases.length === 0) return { env: {}, usual: undefined };
  const { hostname, port } = new URL(gate);
  const address = (one: Database): string =>
    `postgres://${encodeURIComponent(agent)}:${encodeURIComponent(token)}@${hostname}:${port}/${one.name}`;
  const named = databases.length === 1 ? [] : databases.map((one) => [variableOf(one), address(one)] as const);
  const usual = databases.length === 1 ? databases[0] : databases.find((one) => one.name === chosen);
  if (usual === undefined) return { env: Object.fromEntries(named), usual };
  return {
    env: {
      ...Object.fromEntries(named),
      DATABASE_URL: address(usual),
      PGHOST: hostname.replaceAll(/^\[|\]$/g, ''),
      PGPORT: port,
      PGUSER: agent,
      PGPASSWORD: token,
      PGDATABASE: usual.name,
    },
    usual,
  };
}

/** `PG_STAGING_DATABASE_URL` */
export function variableOf({ name }: Database): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`;
}

const connecting =
  /^PG(?:HOST|HOSTADDR|PORT|USER|PASSWORD|DATABASE|SERVICE|SERVICEFILE|PASSFILE|OPTIONS|REQUIRE(?:SSL|PEER|AUTH)|CHANNELBINDING|GSS\w*|KRB\w*|TARGETSESSIONATTRS|LOADBALANCEHOSTS|SSL\w*|SYSCONFDIR)$/;

/** Whether libpq would take a server, or how to meet it, from this variable: beside ours it would lead elsewhere. */
export function leadsToAnotherServer(name: string): boolean {
  return connecting.test(name);
}
