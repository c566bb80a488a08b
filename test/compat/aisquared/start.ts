import type { Answer } from "../../support/ask.ts"
import { startHub, type TestHub } from "../../support/hub.ts"

/** A hub as AI Squared's clients use it: with paths below `/aisquared` and the token of a login. */
export interface Squared {
  readonly hub: TestHub
  /** A token of the hub's first user. */
  readonly token: string
  /** Sends a request; a `key` of null sends no credentials. */
  call(method: string, path: string, body?: unknown, options?: Parameters<TestHub["call"]>[3]): Promise<Answer>
  /** Creates a connector; omitted values are those of a PostgreSQL source. */
  create(connector?: object): Promise<Answer>
  logIn(email: string, password: string): Promise<Answer>
  stop(): Promise<void>
}

export const PATH = "/api/v1/connectors"
export const MASK = "*************"
export const USER = { email: "ada@example.com", password: "correct horse battery" }

export const postgres = {
  data_type: "structured",
  credentials: { auth_type: "username/password", username: "analyst", password: "s3cret-pass" },
  ...{ host: "db.example.com", port: "5432", database: "shop", schema: "public" },
}
export const snowflake = {
  credentials: { auth_type: "username/password", username: "ANALYST", password: "pat-token-value" },
  ...{ host: "myorg-myaccount", role: "ANALYST", warehouse: "COMPUTE_WH", database: "SALES" },
}
export const httpSource = { increment_type: "Page", base_url: "https://api.example.com", http_method: "GET" }
export const httpDestination = { destination_url: "https://api.example.com/hook" }

export async function startSquared(): Promise<Squared> {
  const hub = await startHub({
    JACKFIELD_COMPAT_HOSTS: "squared.example=aisquared",
    JACKFIELD_ADMIN_EMAIL: USER.email,
    JACKFIELD_ADMIN_PASSWORD: USER.password,
  })
  const logIn: Squared["logIn"] = (email, password) => hub.call("POST", "/aisquared/api/v1/login", { email, password }, { key: null })
  const { body } = await logIn(USER.email, USER.password)
  const token = body.data.attributes.token as string
  let count = 0
  const call: Squared["call"] = (method, path, given, options = {}) => hub.call(method, `/aisquared${path}`, given, { key: token, ...options })
  return {
    hub,
    token,
    call,
    create: (connector = {}) =>
      call("POST", PATH, {
        connector: { name: `connector ${++count}`, connector_type: "source", connector_name: "Postgresql", configuration: postgres, ...connector },
      }),
    logIn,
    stop: () => hub.stop(),
  }
}

/** Status and detail of an error in the `errors` array, which also contains the status as an integer. */
export const errorOf = ({ status, body }: Answer): unknown[] => [status, body.errors?.[0]?.status, body.errors?.[0]?.title, body.errors?.[0]?.detail]
