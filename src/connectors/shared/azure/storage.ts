import { type Config, secret, variant } from "../../../core/fields.ts"
import { sharedKeyAuth } from "../http/auth/shared-key.ts"
import { bearerAuth, type HttpAuth } from "../http/auth.ts"
import { tokenFault } from "../http/header-rules.ts"
import { type ENTRA, entraAuth, entraFields } from "./entra.ts"
import { sasAuth, sasFault } from "./sas.ts"

const keyFault = (key: string): string | undefined =>
  /^[A-Za-z0-9+/]{43,88}={0,2}$/.test(key) ? undefined : "must be one of the account's keys, in base64. A connection string has it behind AccountKey=."

/** How somebody logs in to the services of a storage account. */
export const storageAuthField = variant("Login", {
  key: { title: "Account key", fields: { key: secret("Key", { check: keyFault, example: `${"A".repeat(86)}==` }) } },
  sas: {
    title: "Shared access signature",
    fields: {
      sas: secret("Signature", {
        example: "sv=2022-11-02&sr=c&sp=rl&se=2027-01-01T00:00:00Z&sig=…",
        check: sasFault,
        help: "Of the account or the container, with the rights to read and to list.",
      }),
    },
  },
  entra: { title: "Microsoft Entra service principal", fields: entraFields },
  token: {
    title: "Microsoft Entra access token",
    fields: { token: secret("Access token", { check: tokenFault, help: "It is not renewed: when it expires, enter a new one." }) },
  },
})

/** The version of the services' API that the requests are written for. */
export const STORAGE_VERSION = "2021-12-02"
const SCOPE = "https://storage.azure.com/.default"

/** The auth of a login to a storage account. */
export function storageAuth(account: string, auth: Config<{ auth: typeof storageAuthField }>["auth"], cloud: keyof typeof ENTRA): HttpAuth {
  switch (auth.kind) {
    case "key":
      return sharedKeyAuth(account, auth.key.reveal())
    case "sas":
      return sasAuth(auth.sas.reveal(), STORAGE_VERSION)
    case "token":
      return bearerAuth(auth.token.reveal())
    case "entra":
      return entraAuth(auth, cloud, SCOPE)
  }
}
