/**
 * Variables that driver, cloud and proxy libraries read on their own: an empty password of a tenant must not be
 * replaced by the hub's `PGPASSWORD`, and no proxy may stand between the door and its target. `HOSTALIASES` and
 * `LOCALDOMAIN` would change the results of DNS.
 */
const OBEYED = [
  /^PG/,
  /^(MYSQL|MARIADB)_?/,
  /^(AWS|GOOGLE|GCLOUD|GCE|CLOUDSDK|AZURE|ARM|MSI|IDENTITY|IMDS|ALIBABA_CLOUD|OCI|TENCENTCLOUD)_/,
  /^(SNOWFLAKE|DATABRICKS|REDIS|REDISCLI|MONGODB|CLICKHOUSE|KAFKA|ELASTIC|OPENSEARCH|TRINO|SQLCMD|ORACLE|TNS|SF|HUBSPOT)_/,
  /(^|_)proxy$/i,
  /^(NODE_TLS_REJECT_UNAUTHORIZED|NODE_USE_ENV_PROXY|SSLKEYLOGFILE|SSH_AUTH_SOCK|SSH_AGENT_PID|SSH_ASKPASS|HOSTALIASES|LOCALDOMAIN|BOTO_CONFIG|NETRC|GCLOUD_PROJECT)$/,
]

/**
 * Deletes every variable from `env` that a driver or proxy library would read; returns their names, sorted. Call it
 * after reading your own variables.
 */
export function clearDriverEnvironment(env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter((name) => OBEYED.some((pattern) => pattern.test(name)))
  for (const name of names) delete env[name]
  return names.sort()
}
