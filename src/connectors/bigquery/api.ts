import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { googleAuth } from "../shared/google/auth.ts"
import { googleHost } from "../shared/google/endpoints.ts"
import { errors, refusal } from "../shared/sql/bigquery-rest/errors.ts"
import type { Connection } from "../shared/sql/bigquery-rest/jobs.ts"
import { jobsWire } from "../shared/sql/bigquery-rest/wire.ts"
import type { Typified } from "../shared/sql/googlesql/encode.ts"
import { httpApi } from "../shared/sql/http-api.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { throughTunnel } from "../shared/ssh.ts"
import type { fields } from "./fields.ts"

export interface BigQuery extends Connection, SqlConnection<Typified> {
  readonly settings: Config<typeof fields>
}

const SCOPES = ["https://www.googleapis.com/auth/bigquery"]
const DRIVE = "https://www.googleapis.com/auth/drive.readonly"
/** The REST API of BigQuery, version 2 (docs, REST). Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectBigQuery(settings: BigQuery["settings"], given: Lease): BigQuery {
  const lease = throughTunnel(given, settings.tunnel)
  const { project } = settings
  const auth = googleAuth(settings.auth, settings.impersonate, settings.drive ? [...SCOPES, DRIVE] : SCOPES)
  const api = httpApi(
    { base: `https://${googleHost("bigquery", settings.endpoint)}/bigquery/v2/projects/${project}/`, headers: {}, auth, errors, refusal },
    lease,
  )
  const connection = { api, settings, project, dataProject: settings.dataProject || project }
  return { ...connection, wire: jobsWire(connection, lease) }
}
