/**
 * Variables whose change lets somebody in or points a service at another database. A heuristic that only ever raises a
 * class: what it misses is still captured before it is written over.
 */
const credentialName =
  /(?:^|_)(?:DATABASE|DB|PG|POSTGRES(?:QL)?|MYSQL|MONGO(?:DB)?|REDIS|AMQP|RABBITMQ|KAFKA|SMTP|ELASTIC(?:SEARCH)?|CLICKHOUSE|SUPABASE|NEON)_?(?:PRIVATE_|PUBLIC_)?(?:URL|URI|DSN|HOST|PORT|USER|NAME|CONNECTION(?:_STRING)?)?(?:$|_)|DSN|CONN(?:ECTION)?_?STR|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PRIVATE|CREDENTIAL|(?:^|_|API|ACCESS|AUTH|SIGNING|ENCRYPTION)KEY(?:$|_|S$)|APIKEY|AUTH|CERT(?:$|_)|(?:^|_)(?:PWD|PASS|SALT|JWT|SASL|OAUTH|WEBHOOK)(?:$|_)|^PG[A-Z]+$/i;
const connectionString =
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@|^(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|kafka|clickhouse|sqlserver|jdbc):|\bpassword\s*=|-----BEGIN /i;

/** Variables that make a running service load or run other code. */
const steeringName =
  /^(?:NODE_OPTIONS|NODE_PATH|LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.*|PATH|PYTHON(?:STARTUP|PATH|HOME)|PERL5(?:LIB|OPT)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|BASH_ENV|ENV|SHELL|GIT_.*|NPM_CONFIG_.*|PIP_.*|UV_.*|GOFLAGS|RAILWAY_.*|NIXPACKS_.*|RAILPACK_.*|PHP_INI_SCAN_DIR|PROMPT_COMMAND|HTTPS?_PROXY|ALL_PROXY|SSL_CERT_.*)$/i;

export function holdsCredential(name: string, ...values: readonly (string | null | undefined)[]): boolean {
  return (
    credentialName.test(name) ||
    values.some((value) => typeof value === 'string' && connectionString.test(value.trim()))
  );
}

export function steersCode(name: string): boolean {
  return steeringName.test(name);
}
