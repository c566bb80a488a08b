import { host, list, optional, port, secret, text, variant } from "../../core/fields.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { headerValueFault } from "../shared/http/header-rules.ts"
import { tunnelField } from "../shared/ssh.ts"
import { certificateFields, tlsField } from "../shared/tls.ts"

/** Parameters of the HTTP interface that are no settings, and the one setting that the hub needs for itself. */
const RESERVED = /^(query(_id)?|param_.*|default_format|database|user|password|quota_key|role|session_(id|timeout|check)|stacktrace|readonly|de?compress)$/
const settingFault = (name: string): string | undefined =>
  /^[a-z][a-z0-9_]*$/.test(name) && !RESERVED.test(name) ? undefined : "must be the name of a setting, such as max_threads, and none that the hub sets itself."
const pathFault = (path: string): string | undefined =>
  /^(\/[\w.~-]+)+\/?$/.test(path) && !/\/\.\.?(\/|$)/.test(path) ? undefined : "must begin with a slash, such as /clickhouse."

const user = text("User", {
  default: "default",
  login: true,
  maxLength: 255,
  check: headerValueFault,
  help: "Give the hub a user of its own, with SELECT on what it reads.",
})

export const fields = {
  host: host("Host", { example: "abc123.eu-west-1.aws.clickhouse.cloud" }),
  port: port("Port", { default: 8443, help: "Of the HTTP interface: usually 8443 over TLS, and 8123 without." }),
  path: text("Path", { default: "", maxLength: 255, check: pathFault, help: "Where a proxy serves ClickHouse, if it is not at the root." }),
  database: text("Database", { default: "", maxLength: 255, example: "shop", help: "Only this database; if empty, every database that the user may see." }),
  auth: variant("Login", {
    password: { title: "User and password", fields: { user, password: optional(secret("Password", { check: headerValueFault })) } },
    bearer: { ...authKinds.bearer, title: "JSON Web Token of ClickHouse Cloud" },
    certificate: { title: "Client certificate", fields: { user, ...certificateFields } },
  }),
  roles: list("Roles", { role: text("Role", { maxLength: 255, example: "analyst" }) }, { max: 20, help: "To take in place of the user's default roles." }),
  settings: list(
    "Settings",
    { name: text("Name", { maxLength: 100, check: settingFault, example: "max_threads" }), value: text("Value", { maxLength: 1_000, example: "4" }) },
    { by: "name", max: 50, help: "For every statement; a statement's own SETTINGS are refused." },
  ),
  tls: tlsField,
  tunnel: tunnelField,
}
