/** What a program is given beside its own environment, to speak to the far side through the gate. */
export interface Route {
  /** The agent's name: it stands before the token in the proxy's address. */
  readonly name: string;
  readonly token: string;
  /** `http://localhost:7780` */
  readonly gate: string;
  readonly api: string;
  /** Path of the certificate bundle: the system's roots and ours. */
  readonly bundle: string;
  /** Variables in which clients of the providers look for a token: `RAILWAY_TOKEN`. */
  readonly tokenVariables: readonly string[];
}

type Variables = { readonly [name: string]: string | undefined };

/** The child's environment, and the names of what was taken out of it. */
export interface ChildEnvironment {
  readonly env: { readonly [name: string]: string };
  readonly removed: readonly string[];
}

const bundleVariables = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
] as const;

/** Names under which credentials travel in environments. */
const credentialName =
  /(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|APIKEY|CREDENTIALS?|DSN)($|_)|(^|_)(API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|SERVICE|MASTER|DEPLOY|AUTH)_?KEY($|_)|^(DATABASE|REDIS|MONGO|MONGODB|POSTGRES|POSTGRESQL|MYSQL|AMQP)_(.*_)?UR[IL]$|^SSH_AUTH_SOCK$|^(KUBECONFIG|PGPASSWORD|PGPASSFILE|PGSERVICEFILE|NETRC)$|_auth(token)?$/i;

/** Names that look like one and are none. */
const harmless = new Set(['PWD', 'OLDPWD']);

/** Values that are credentials whatever they are called: a password in an address, known prefixes, a private key. */
const credentialValue =
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@|^(hp[hc]_|gh[pousr]_|github_pat_|glpat-|sk-|sk_live_|rk_live_|xox[abprs]-|AKIA|ASIA|eyJ[\w-]+\.eyJ)|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * The environment for an agent: everything that looks like a credential taken out, the agent token where the real one
 * stood, and the proxy and certificates that lead through the gate. `keep` names what stays all the same.
 */
export function childEnvironment(own: Variables, route: Route, keep: readonly string[] = []): ChildEnvironment {
  const removed: string[] = [];
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    const kept = keep.includes(name) && !name.startsWith('HOLDPOINT_');
    if (kept || !looksLikeCredential(name, value)) env[name] = value;
    // Our own settings are replaced, which is nothing to tell of.
    else if (!name.startsWith('HOLDPOINT_')) removed.push(name);
  }
  const gate = new URL(route.gate);
  const proxy = `http://${encodeURIComponent(route.name)}:${encodeURIComponent(route.token)}@${gate.host}`;
  return {
    removed: removed.sort(),
    env: {
      ...withoutProxies(env),
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      // Our own addresses are no far side; everything else goes through the gate.
      NO_PROXY: 'localhost,127.0.0.1,::1',
      no_proxy: 'localhost,127.0.0.1,::1',
      NODE_USE_ENV_PROXY: '1',
      ...Object.fromEntries(bundleVariables.map((name) => [name, route.bundle])),
      ...Object.fromEntries(route.tokenVariables.map((name) => [name, route.token])),
      HOLDPOINT_TOKEN: route.token,
      HOLDPOINT_URL: route.api,
    },
  };
}

/** Whether a variable is one that an agent should not be given. */
export function looksLikeCredential(name: string, value: string): boolean {
  if (value === '' || harmless.has(name)) return false;
  return credentialName.test(name) || name.startsWith('HOLDPOINT_') || credentialValue.test(value);
}

function withoutProxies(env: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(all|https?|no)_proxy$/i.test(name)));
}
