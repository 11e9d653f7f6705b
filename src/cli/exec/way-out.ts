/** The HTTP gate, and who goes through it. */
export interface WayOut {
  /** The agent's name: it stands before the token in the proxy's address. */
  readonly name: string;
  readonly token: string;
  /** `http://localhost:7780` */
  readonly gate: string;
  /** Path of the certificate bundle: the public roots and ours. */
  readonly bundle: string;
}

/** Where programs look for the certificates that they trust. Each is given the same bundle: the public roots and ours. */
export const certificateVariables = [
  // OpenSSL and what is built on it, Go, rustls with native roots, httpx
  'SSL_CERT_FILE',
  // Node, and what is written in it, beside its own roots
  'NODE_EXTRA_CA_CERTS',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'npm_config_cafile',
  'YARN_HTTPS_CA_FILE_PATH',
  'PIP_CERT',
  'DENO_CERT',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'BUNDLE_SSL_CA_CERT',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
  'NIX_SSL_CERT_FILE',
] as const;

/** Our own addresses are no far side. */
const loopback = 'localhost,127.0.0.1,::1';

/** The proxy in both spellings, the certificates, and what single programs need beside them. */
export function wayOut({ name, token, gate, bundle }: WayOut): { readonly [name: string]: string } {
  const { host } = new URL(gate);
  const proxy = `http://${encodeURIComponent(name)}:${encodeURIComponent(token)}@${host}`;
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: loopback,
    no_proxy: loopback,
    // Without it Node 24 and later take no notice of a proxy.
    NODE_USE_ENV_PROXY: '1',
    ...Object.fromEntries(certificateVariables.map((one) => [one, bundle])),
    // Calls that nobody asked for, which would be refused and counted: gh looks for a new version of itself, Railway's
    // command line reports its use by a mutation and renews itself.
    GH_NO_UPDATE_NOTIFIER: '1',
    GH_PROMPT_DISABLED: '1',
    RAILWAY_NO_TELEMETRY: '1',
    RAILWAY_NO_AUTO_UPDATE: '1',
    DO_NOT_TRACK: '1',
  };
}

/**
 * Settings of the person that would lead a program round the gate, or have it believe anybody: other proxies, hosts that
 * need none, certificates that are not checked. Railway's command line checks none with `RAILWAY_ENV=dev`.
 */
const leadingRound =
  /^(?:(?:all|https?|ftp|ws|wss|socks5?)_proxy|no_proxy|npm_config_(?:https?_?proxy|proxy|noproxy|no_proxy|strict_ssl|ca)|git_(?:proxy_command|ssl_no_verify|ssl_capath|http_proxy_authmethod)|node_tls_reject_unauthorized|pythonhttpsverify|ssl_cert_dir|deno_tls_ca_store|deno_unsafely_ignore_certificate_errors|yarn_(?:https?_proxy|enable_strict_ssl)|cargo_http_(?:proxy|check_revoke)|aws_no_verify_ssl|railway_env)$/i;

/** Whether a setting leads round the gate. */
export function leadsRound(name: string): boolean {
  return leadingRound.test(name);
}
