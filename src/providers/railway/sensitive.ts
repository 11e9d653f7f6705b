/**
 * Variables whose change lets somebody in or points a service at another database. A heuristic that only ever raises a
 * class: what it misses is still captured before it is written over.
 */
const credentialName =
  /(?:^|_)(?:DATABASE|DB|PG|POSTGRES(?:QL)?|MYSQL|MONGO(?:DB)?|REDIS|AMQP|RABBITMQ|KAFKA|SMTP|ELASTIC(?:SEARCH)?|CLICKHOUSE|SUPABASE|NEON)_?(?:PRIVATE_|PUBLIC_)?(?:URL|URI|DSN|HOST|PORT|USER|NAME|CONNECTION(?:_STRING)?)?(?:$|_)|DSN|CONN(?:ECTION)?_?STR|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PRIVATE|CREDENTIAL|(?:^|_|API|ACCESS|AUTH|SIGNING|ENCRYPTION)KEY(?:$|_|S$)|APIKEY|AUTH|CERT(?:$|_)|(?:^|_)(?:PWD|PASS|SALT|JWT|SASL|OAUTH|WEBHOOK)(?:$|_)|^PG[A-Z]+$/i;
const connectionString =
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@|^(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|kafka|clickhouse|sqlserver|jdbc):|\bpassword\s*=|-----BEGIN /i;

/**
 * Variables that make a running service load or run other code: interpreters, loaders, package tools and application
 * servers that take options from the environment. A heuristic as well.
 */
const steeringName =
  /^(?:NODE_.*|DENO_.*|BUN_.*|LD_.*|DYLD_.*|PATH|PYTHON.*|PERL5?.*|RUBY.*|BUNDLE.*|GEM_.*|CLASSPATH|DOTNET_.*|CORECLR_.*|COR_.*|BASH_ENV|ENV|SHELL|SHELLOPTS|BASHOPTS|PS4|IFS|GIT_.*|NPM_.*|YARN_.*|PNPM_.*|PIP_.*|UV_.*|CARGO_.*|RUST.*_WRAPPER|GO(?:FLAGS|PROXY|SUMDB|TOOLCHAIN|ENV)|COMPOSER_.*|RAILWAY_.*|NIXPACKS_.*|RAILPACK_.*|PHP_INI_SCAN_DIR|PHPRC|GUNICORN_.*|UVICORN_.*|UWSGI_.*|CELERY_.*|DJANGO_SETTINGS_MODULE|FLASK_APP|ERL_.*|ELIXIR_.*|LUA_.*|R_PROFILE.*|R_ENVIRON.*|OPENSSL_.*|GCONV_PATH|HOSTALIASES|BROWSER|EDITOR|VISUAL|PAGER|PROMPT_COMMAND|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_.*)$|(?:^|_)(?:OPTS|OPTIONS|JAVA_ARGS|CMD|COMMAND|ENTRYPOINT|PRELOAD)$/i;
/** How a variable is spelled that everybody reads as the same name. */
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** `${{ Postgres.PGPASSWORD }}`: the value of another variable. No braces within, so that it is read in one pass. */
const reference = /\$\{\{([^{}]*)\}\}/g;

export function holdsCredential(name: string, ...values: readonly (string | null | undefined)[]): boolean {
  return (
    credentialName.test(name) ||
    values.some(
      (value) => typeof value === 'string' && (connectionString.test(value.trim()) || refersToCredential(value)),
    )
  );
}

/** Railway's own `RAILWAY_…` variables are names and addresses. */
function refersToCredential(value: string): boolean {
  return [...value.matchAll(reference)].some(([, inside = '']) => {
    const name = inside.slice(inside.lastIndexOf('.') + 1).trim();
    return !name.startsWith('RAILWAY_') && credentialName.test(name);
  });
}

/** A name with blanks or invisible characters in it may be read as another one further on. */
export function steersCode(name: string): boolean {
  return !plainName.test(name) || steeringName.test(name);
}
