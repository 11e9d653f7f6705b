/** Names under which credentials travel in environments, or programs and sockets that hand them out. */
const credentialName =
  /(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|APIKEY|CREDENTIALS?|DSN)($|_)|(^|_)(API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|SERVICE|MASTER|DEPLOY|AUTH)_?KEY($|_)|^(DATABASE|REDIS|MONGO|MONGODB|POSTGRES|POSTGRESQL|MYSQL|AMQP)_(.*_)?UR[IL]$|^SSH_AUTH_SOCK$|^(KUBECONFIG|PGPASSWORD|PGPASSFILE|PGSERVICEFILE|NETRC)$|_auth(token)?$|^(GIT|SSH|SUDO)_ASKPASS$|^VSCODE_GIT_(ASKPASS|IPC)|^DOCKER_AUTH_CONFIG$/i;

/** Names that look like one and are none. */
const harmless = new Set(['PWD', 'OLDPWD']);

/**
 * Values that are credentials whatever they are called: a password in an address, known prefixes (another agent's token
 * too), a private key, a header that signs in.
 */
const credentialValue =
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@|^(hp[ahc]_|gh[pousr]_|github_pat_|glpat-|sk-|sk_live_|rk_live_|xox[abprs]-|AKIA|ASIA|eyJ[\w-]+\.eyJ)|-----BEGIN [A-Z ]*PRIVATE KEY-----|^([Pp]roxy-)?([Aa]uthorization|AUTHORIZATION):/;

/** Whether a variable is by its name, or by a form that needs no parser, one that an agent should not be given. */
export function looksLikeCredential(name: string, value: string): boolean {
  if (value === '' || harmless.has(name)) return false;
  return credentialName.test(name) || name.startsWith('HOLDPOINT_') || credentialValue.test(value);
}
