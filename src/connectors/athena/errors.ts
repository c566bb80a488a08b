import { AWS_CODES } from "../shared/aws/refusals.ts"
import { codeIn, codesOf, type ErrorTable } from "../shared/sql/errors.ts"
import { trinoErrors } from "../shared/sql/trino/errors.ts"

const engine = trinoErrors("Athena")

/** The service's own codes (docs, Athena API, Common errors and those of each action). */
const codes = codesOf({
  ...AWS_CODES,
  query_invalid: ["InvalidRequestException", "ValidationException"],
  database_not_found: ["MetadataException", "ResourceNotFoundException"],
  cancelled: ["CANCELLED"],
})

/** The service's refusals by their codes, and a failed statement by the name that the engine puts before its reason. */
export const errors: ErrorTable = {
  ...engine,
  login: "identity",
  codes: { ...engine.codes, ...codes },
  sentences: {
    ...engine.sentences,
    auth_failed: "AWS refuses the login ({said}); check key, secret and session token, and this machine's clock.",
    permission_denied: "The identity lacks a permission: {said}; allow it in a policy of IAM or Lake Formation.",
    database_not_found: "Athena has no such catalog, database or table: {said}; check the connector's region, catalog and database.",
    cancelled: "Somebody cancelled the statement in Athena ({said}), or the workgroup's limit of scanned bytes did; call again, or ask for less.",
  },
  refine: (said, error) => codeIn(codes, said) ?? engine.refine?.(said, error),
  isBatchFault: () => true,
}
