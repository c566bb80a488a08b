import { type Config, optional, text, variant } from "../../../core/fields.ts"
import type { TlsSpec } from "../../../core/lease.ts"

/** How the certificate of an https URL is checked; the URL's scheme decides whether TLS is used. */
export const httpsField = variant(
  "TLS",
  {
    verify: {
      title: "Verify the server's certificate",
      fields: { ca: optional(text("CA certificate", { format: "pem", help: "PEM of a private authority; without it the system's roots decide." })) },
    },
    require: { title: "Do not verify the server", fields: {} },
  },
  { default: "verify", help: "Only for https URLs." },
)

/** The same for the lease. */
export const httpsSpec = (tls: Config<{ tls: typeof httpsField }>["tls"]): TlsSpec =>
  tls.kind === "require" ? { mode: "require" } : { mode: "verify", ca: tls.ca || undefined }
