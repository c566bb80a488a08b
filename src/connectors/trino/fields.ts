import { host, list, port, text, variant } from "../../core/fields.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { headerValueFault } from "../shared/http/header-rules.ts"
import { tunnelField } from "../shared/ssh.ts"
import { certificateFields, tlsField } from "../shared/tls.ts"

const name = (title: string, example: string, help: string) => text(title, { default: "", maxLength: 255, check: headerValueFault, example, help })

const sessionFault = (property: string): string | undefined =>
  /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?$/.test(property) ? undefined : "must be the name of a session property: query_max_run_time, or hive.compression_codec."

/** A catalog's name as a header has it, between commas and equals signs. */
const catalogFault = (catalog: string): string | undefined => (/^[\w.-]+$/.test(catalog) ? undefined : "must be the name of a catalog, or system.")

const { basic, bearer, oauth2_client, none } = authKinds
const certificate = { title: "Client certificate", fields: certificateFields }

export const fields = {
  host: host("Host", { example: "trino.example.com" }),
  port: port("Port", { default: 443 }),
  auth: variant("Login", { basic, bearer, oauth2_client, certificate, none }, { help: "All but `none` need TLS. A bearer token is a JSON Web Token." }),
  user: name("User", "analyst", "The user for whom statements run, if it is not the login's own: the login must be allowed to impersonate it."),
  catalog: name("Catalog", "lake", "For names without one. Empty: discovery lists every catalog."),
  schema: name("Schema", "sales", "For names without one."),
  roles: list(
    "Roles",
    {
      catalog: text("Catalog", { default: "system", maxLength: 255, check: catalogFault, help: "Whose role it is; system for a role of the cluster." }),
      role: text("Role", { maxLength: 255, example: "analyst" }),
    },
    { by: "catalog", max: 20 },
  ),
  session: list(
    "Session properties",
    { name: text("Name", { maxLength: 255, check: sessionFault, example: "query_max_run_time" }), value: text("Value", { maxLength: 1_000, example: "10m" }) },
    { by: "name", max: 50 },
  ),
  clientTags: name("Client tags", "jackfield,etl", "For the rules of resource groups, separated by commas."),
  tls: tlsField,
  tunnel: tunnelField,
}
