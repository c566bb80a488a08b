import { choice, optional, text, variant } from "../../core/fields.ts"
import { cloudField } from "../shared/azure/entra.ts"
import { storageAuthField } from "../shared/azure/storage.ts"
import { fileFields } from "../shared/files/fields.ts"
import { httpsField } from "../shared/http/https.ts"
import { bareOriginFault } from "../shared/http/origin.ts"
import { tunnelField } from "../shared/ssh.ts"

/** Docs, Storage account overview. It becomes part of a host, so nothing else is taken. */
const accountFault = (account: string): string | undefined =>
  /^[a-z0-9]{3,24}$/.test(account)
    ? undefined
    : "must have 3 to 24 lower-case letters and digits, such as mystorage. A connection string has it behind AccountName=."

/** Docs, Naming containers. */
const containerFault = (container: string): string | undefined =>
  /^(\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/.test(container)
    ? undefined
    : "must have 3 to 63 lower-case letters, digits and single hyphens, such as exports."

const scopeFault = (scope: string): string | undefined => (/^[A-Za-z0-9-]{3,63}$/.test(scope) ? undefined : "must be the name of an encryption scope.")

export const fields = {
  account: text("Storage account", { maxLength: 24, aims: true, check: accountFault, example: "mystorage" }),
  container: text("Container", { maxLength: 63, check: containerFault, example: "exports" }),
  auth: storageAuthField,
  ...fileFields,
  encryptionScope: optional(text("Encryption scope of new files", { maxLength: 63, check: scopeFault, help: "Empty: the container's own." })),
  endpoint: variant(
    "Endpoint",
    {
      standard: { title: "The account's own", fields: { cloud: cloudField } },
      custom: {
        title: "Another address: a private endpoint, an emulator, a gateway",
        fields: {
          url: text("URL", { format: "url", check: bareOriginFault, example: "https://blobs.example.com:10000" }),
          style: choice("Addressing", ["host", "path"], {
            default: "host",
            help: "host: the account is in the host already. path: it is the first part of the path.",
          }),
          tls: httpsField,
        },
      },
    },
    { default: "standard", aims: true },
  ),
  tunnel: tunnelField,
}
