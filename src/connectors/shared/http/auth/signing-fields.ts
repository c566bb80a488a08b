import { type Config, choice, optional, secret, variant } from "../../../../core/fields.ts"
import { type HttpAuth, noAuth } from "../auth.ts"
import { authKinds } from "./fields.ts"
import { hmacAuth } from "./hmac.ts"
import { standardWebhooksAuth, webhookSecretFault } from "./standard-webhooks.ts"

const { key, keyEncoding, algorithm, encoding, header, prefix, timestampHeader, timestamp } = authKinds.hmac.fields

/** How bodies are signed, besides the login. */
export const signingField = variant(
  "Signature",
  {
    none: { title: "None", fields: {} },
    standard: {
      title: "Standard Webhooks",
      fields: {
        secret: secret("Signing secret", { check: webhookSecretFault, help: "whsec_ and base64, as the receiver shows it." }),
        previousSecret: optional(
          secret("Previous signing secret", {
            check: webhookSecretFault,
            help: "While the receiver changes to a new secret: each request is signed with both.",
          }),
        ),
      },
    },
    hmac: {
      title: "HMAC in a header",
      fields: {
        ...{ key, keyEncoding, algorithm },
        signed: choice("Signed", ["body", "timestamp.body"], { default: "body", help: "The timestamp is sent only if it is signed." }),
        ...{ encoding, header, prefix, timestampHeader, timestamp },
      },
    },
  },
  { default: "none", help: "Every request and every retry is signed when it is sent." },
)

/** The signature that a config describes; `noAuth` if there is none. */
export function signatureOf(signing: Config<{ signing: typeof signingField }>["signing"]): HttpAuth {
  switch (signing.kind) {
    case "none":
      return noAuth
    case "standard":
      return standardWebhooksAuth([signing.secret, ...(signing.previousSecret === undefined ? [] : [signing.previousSecret])])
    case "hmac": {
      const { signed, timestampHeader: named, ...login } = signing
      if (signed === "body") return hmacAuth({ ...login, parts: [{ part: "body" }], separator: "nothing" })
      return hmacAuth({ ...login, timestampHeader: named, parts: [{ part: "timestamp" }, { part: "body" }], separator: "dot" })
    }
  }
}
