import { describe, expect, test } from "vitest"
import { databricks } from "../../src/connectors/databricks.ts"
import { snowflake } from "../../src/connectors/snowflake.ts"
import { startWorkspace } from "../fixtures/databricks.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { drain } from "../fixtures/tables.ts"
import { startSshServer } from "../support/ssh-server.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// Types over HTTP whose hosts are the vendor's: their names are the bastion's to resolve, so it knows the stand-ins.

const [user, password] = ["hub", "let me in"]
const bastion = use(() => startSshServer({ user, password }))
const account = use(() => startAccount())
const workspace = use(() => startWorkspace())

/** Works through the bastion; the targets that it was asked for, each once. */
async function targets(connector: Parameters<typeof withSession>[0]["connector"], config: object, statement: string): Promise<readonly string[]> {
  const before = bastion.forwards.length
  const tunnel = { kind: "ssh", host: "127.0.0.1", port: bastion.port, user, hostKey: bastion.hostKey, auth: { kind: "password", password } }
  await withSession({ connector }, { ...config, tunnel }, async (session, lease) => {
    expect(await drain(session, statement)).toBe(53)
    expect(new Set(lease.sockets.map(({ target }) => target)), "nothing goes another way").toEqual(new Set([`127.0.0.1:${bastion.port}`]))
  })
  return [...new Set(bastion.forwards.slice(before))].toSorted()
}

describe("through a bastion go", () => {
  test("Snowflake's SQL API", async () => {
    const host = `${String(account.config["account"])}.snowflakecomputing.com:443`
    expect(await targets(snowflake, account.config, "SELECT * FROM PEOPLE")).toEqual([host])
  })

  test("Snowflake's login with a password, and chunks from the cloud's storage", async () => {
    const host = `${String(account.config["account"])}.snowflakecomputing.com:443`
    expect(await targets(snowflake, { ...account.config, auth: account.byPassword }, "SELECT * FROM PEOPLE")).toEqual([host, `${account.stage}:443`].toSorted())
  })

  test("Databricks' API, its token endpoint, and links to the cloud's storage", async () => {
    const asked = workspace.server.requests.length
    expect(await targets(databricks, { ...workspace.config, auth: workspace.oauth }, "SELECT * FROM people")).toEqual(
      [`${workspace.host}:443`, `${workspace.storage}:443`].toSorted(),
    )
    expect(workspace.server.requests.slice(asked).map(({ path }) => path)).toContain("/oidc/v1/token")
  })
})
