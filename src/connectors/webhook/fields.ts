import { type Config, choice, integer, list, secret, text, variant } from "../../core/fields.ts"
import { answerFields } from "../shared/http/answer-fields.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { signingField } from "../shared/http/auth/signing-fields.ts"
import { headerNameFault, headerValueFault, PLAIN_HEADER_NAMES } from "../shared/http/header-rules.ts"
import { httpsField } from "../shared/http/https.ts"
import { retryFields } from "../shared/http/retry-fields.ts"
import { unsentField } from "../shared/http/unsent.ts"
import { tunnelField } from "../shared/ssh.ts"

const { none, basic, bearer, header, query, oauth2_client } = authKinds
const most = integer("Rows of a request", { min: 1, max: 10_000, default: 100, help: "At most; the last request of a batch has the rest." })

/** Headers that a request has anyway. */
const SET = /^(content-type|webhook-(id|timestamp|signature))$/i
const freeNameFault = (name: string): string | undefined => headerNameFault(name) ?? (SET.test(name) ? `may not be ${name}; the connector sets it.` : undefined)

export const webhookFields = {
  url: text("URL", {
    format: "url",
    example: "https://example.com/hooks/orders",
    help: "Stored and shown as it is; a secret belongs in Authentication, Signature or Headers.",
  }),
  method: choice("Method", ["POST", "PUT", "PATCH"], { default: "POST" }),
  headers: list(
    "Headers",
    { name: text("Name", { maxLength: 256, check: freeNameFault }), value: secret("Value", { check: headerValueFault, plainNames: PLAIN_HEADER_NAMES }) },
    { by: "name" },
  ),
  auth: variant("Authentication", { none, basic, bearer, header, query, oauth2_client }, { default: "none", aims: "within" }),
  signing: signingField,
  idempotencyHeader: text("Idempotency header", {
    default: "Idempotency-Key",
    maxLength: 256,
    check: freeNameFault,
    help: "Its value is the same each time that the same rows are sent again; Standard Webhooks' webhook-id has that value too.",
  }),
  body: variant(
    "Body",
    {
      row: { title: "One request for each row: a JSON object", fields: {} },
      list: { title: "Several rows: a JSON array", fields: { most } },
      object: { title: "Several rows: an array in a JSON object", fields: { most, member: text("Member", { default: "rows", maxLength: 256 }) } },
    },
    { default: "row" },
  ),
  successStatuses: answerFields.successStatuses,
  retries: { ...retryFields.retries, help: "The number of retries after a retryable status or a broken connection; Retry-After is respected." },
  retryStatuses: { ...retryFields.retryStatuses, default: "408, 425, 429, 500-599" },
  probe: unsentField,
  tls: httpsField,
  tunnel: tunnelField,
}

export type WebhookConfig = Config<typeof webhookFields>
