import { defineConnector } from "../core/connector.ts"
import { secret, text, variant } from "../core/fields.ts"
import { keyPairFields } from "./shared/http/auth/private-key.ts"
import { tokenFault } from "./shared/http/header-rules.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { tunnelField } from "./shared/ssh.ts"
import { accountFault, readAccount } from "./snowflake/account.ts"
import { connectSnowflake } from "./snowflake/api.ts"
import { catalog } from "./snowflake/catalog.ts"
import { atomic, ddl } from "./snowflake/ddl.ts"
import { dialect, writer } from "./snowflake/dialect.ts"
import { errors } from "./snowflake/errors.ts"
import { facts } from "./snowflake/facts.ts"

const CASE = "Snowflake takes it as it is written, and keeps names that were not quoted in upper case."

const name = (title: string, example: string, help: string) => text(title, { default: "", maxLength: 255, example, help })

/** Snowflake by its SQL API, version 2. Proven against a stand-in from the vendor's documentation; no real account was reached. */
export const snowflake = defineConnector({
  type: "snowflake",
  title: "Snowflake",
  category: "warehouse",
  proof: "stand-in",
  provenBy: "user and password also against an emulator, fakesnow 0.12.1 behind a front",
  summary:
    "A Snowflake account by its SQL API, or with a password by the protocol of its drivers: browse databases, query them by one reading statement at a time, read tables in key order, and append or merge rows.",
  notes: `
Login: keys and tokens use the SQL API. A password uses the protocol of the vendor's own drivers, which has no documentation but their sources;
its results come in chunks from the cloud's storage, so the hub must reach those hosts too. Prefer a key pair.

Costs: a test and the login itself start no warehouse. Discovery of one database reads its INFORMATION_SCHEMA, which may resume one.

Queries: the SQL API has no read-only transaction, so the text of a statement is checked. A role of its own with only SELECT is the
better protection. A query that is cut off is cancelled in Snowflake, and its timeout ends it there in any case.

Keys: Snowflake does not enforce primary keys, so a batch of a read never ends between rows with the same key.

Writes: appends are one INSERT, and upserts one MERGE, per 4 MiB of rows. Each statement commits by itself, and a retry carries the
request id of the first attempt, so that it does not run twice.

Commits: with a commit token the rows wait in tables \`jackfield_stage_…\` beside the target, and one block of Snowflake Scripting takes them
over in a transaction with the token's row of \`jackfield_commits\`. A repeat that begins after the first has committed is recognised. Of two
equal commits at one moment, Snowflake documents that a MERGE waits for the other, but not that it then sees the first. The role needs CREATE
TABLE on the schema, and DELETE for removed rows. If a hub dies in the middle of a write, its tables are dropped by a later write to that schema, after two days.

Tables that the hub creates: a text without a known length is a \`VARCHAR\`, an integer a \`NUMBER\` of 5, 10, 19 or 38 digits, and an instant a
\`TIMESTAMP_LTZ\`. A decimal without known digits, or with more than 38, is a \`VARCHAR\`, so that no digit is lost. Texts and numbers are widened;
Snowflake changes neither the decimals of a number nor the length of a \`BINARY\`.

Values: a \`NUMBER\` of up to 15 digits without decimals is a JSON number, and other numbers are text. \`timestamp_ltz\` is in UTC, and
\`timestamp_tz\` keeps its offset.`,
  fields: {
    account: text("Account", {
      maxLength: 253,
      aims: true,
      check: accountFault,
      example: "myorg-myaccount",
      help: "The account identifier, or its host that ends in .snowflakecomputing.com.",
    }),
    user: text("User", {
      login: true,
      maxLength: 255,
      example: "JACKFIELD",
      help: "The login name. We recommend a separate user with SELECT on the tables that the hub reads.",
    }),
    auth: variant("Login", {
      key_pair: { title: "Key pair", fields: keyPairFields },
      token: { title: "Programmatic access token", fields: { token: secret("Token", { check: tokenFault }) } },
      password: {
        title: "User and password",
        fields: {
          password: secret("Password", {
            maxLength: 1_024,
            help: "Works for users of the type LEGACY_SERVICE, and for people without a second factor; Snowflake is ending both. A programmatic access token is taken as the password too.",
          }),
        },
      },
      oauth: {
        title: "OAuth access token",
        fields: { token: secret("Access token", { check: tokenFault, help: "It is not renewed: when it expires, enter a new one." }) },
      },
    }),
    warehouse: name("Warehouse", "COMPUTE_WH", `Empty: the user's default. ${CASE}`),
    database: name("Database", "ANALYTICS", `Empty: the user's default, and discovery lists every database. ${CASE}`),
    schema: name("Schema", "PUBLIC", "For names without one. Empty: the user's default."),
    role: name("Role", "ANALYST", "Empty: the user's default."),
    tunnel: tunnelField,
  },
  address: ({ account }) => (typeof account === "string" ? { host: readAccount(account).host, port: 443 } : undefined),
  connect: connectSnowflake,
  ...sqlVerbs({ dialect, catalog, errors, facts, writer, ddl, atomic, reset: async ({ alive }, call) => void (await alive?.(call)) }),
})
