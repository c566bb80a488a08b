import { type Config, optional, secret, text, variant } from "../../core/fields.ts"
import { accountFault } from "./account.ts"

const CASE = "Snowflake takes it as it is written, and keeps names that were not quoted in upper case."

/** The form of a Snowflake connector. There is no host and no port: both follow from the account. */
export const snowflakeFields = {
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
    help: "The login name. Best a user of its own, with SELECT on what the hub shall read.",
  }),
  auth: variant("Login", {
    key_pair: {
      title: "Key pair",
      fields: {
        privateKey: secret("Private key", {
          format: "pem",
          help: "RSA, at least 2,048 bits, in PKCS#8 (as `openssl genrsa | openssl pkcs8 -topk8` writes it).",
        }),
        passphrase: optional(secret("Passphrase", { maxLength: 1_024 })),
      },
    },
    token: { title: "Programmatic access token", fields: { token: secret("Token", { check: headerFault }) } },
    oauth: {
      title: "OAuth access token",
      fields: { token: secret("Access token", { check: headerFault, help: "It is not renewed: when it expires, enter a new one." }) },
    },
  }),
  warehouse: text("Warehouse", { default: "", maxLength: 255, example: "COMPUTE_WH", help: `Empty: the user's default. ${CASE}` }),
  database: text("Database", {
    default: "",
    maxLength: 255,
    example: "ANALYTICS",
    help: `Empty: the user's default, and discovery lists every database. ${CASE}`,
  }),
  schema: text("Schema", { default: "", maxLength: 255, example: "PUBLIC", help: "For names without one. Empty: the user's default." }),
  role: text("Role", { default: "", maxLength: 255, example: "ANALYST", help: "Empty: the user's default." }),
}

export type SnowflakeConfig = Config<typeof snowflakeFields>

/** A token goes into a header: visible ASCII and nothing else. */
function headerFault(value: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(value) ? undefined : "must be one word of ASCII characters, without spaces or line breaks."
}
