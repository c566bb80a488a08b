import { type Config, optional, secret, text, variant } from "../../core/fields.ts"
import type { TlsSpec } from "../../core/lease.ts"

/** How a connection is encrypted: `verify` (the default) knows to whom, `require` only encrypts, `off` does neither. */
export const tlsField = variant(
  "TLS",
  {
    verify: {
      title: "Encrypt, and verify the server's certificate",
      fields: {
        ca: optional(
          text("CA certificate", { format: "pem", help: "PEM of the authority that signed the server's certificate; without it the system's roots decide." }),
        ),
        servername: optional(
          text("Name in the certificate", { format: "name", maxLength: 253, help: "Set this if the certificate has a different name than the host." }),
        ),
      },
    },
    require: { title: "Encrypt, without verifying the server", fields: {} },
    off: { title: "Do not encrypt", fields: {} },
  },
  { default: "verify", help: "Switch it off only on a network that you trust." },
)

type Tls = Config<{ tls: typeof tlsField }>["tls"]

/** What the lease needs to know; undefined when TLS is off. */
export function tlsSpec(tls: Tls): TlsSpec | undefined {
  if (tls.kind === "off") return undefined
  if (tls.kind === "require") return { mode: "require" }
  return { mode: "verify", ca: tls.ca || undefined, servername: tls.servername || undefined }
}

/** A client's certificate, for a kind of a type's variant `auth`; goes into `TlsSpec.client`. */
export const certificateFields = {
  certificate: text("Certificate", { format: "pem", maxLength: 65_536, help: "PEM of the client's certificate, followed by those between it and its root." }),
  privateKey: secret("Private key", { format: "pem" }),
  passphrase: optional(secret("Passphrase")),
}
