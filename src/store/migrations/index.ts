import type { Migration } from "kysely/migration"
import * as first from "./0001-first.ts"
import * as limiter from "./0002-limiter.ts"
import * as recentCalls from "./0003-recent-calls.ts"
import * as uploads from "./0004-uploads.ts"
import * as versions from "./0005-versions.ts"
import * as audit from "./0006-audit.ts"
import * as idempotency from "./0007-idempotency.ts"
import * as tokens from "./0008-tokens.ts"
import * as health from "./0009-health.ts"
import * as catalogDiff from "./0010-catalog-diff.ts"
import * as people from "./0011-people.ts"
import * as compat from "./0012-compat.ts"
import * as guesses from "./0013-guesses.ts"
import * as catalogRemedies from "./0014-catalog-remedies.ts"
import * as roles from "./0015-roles.ts"
import * as auditBound from "./0016-audit-bound.ts"
import * as userScope from "./0017-user-scope.ts"

/** Every migration in order, listed here so that a packaged hub need not read a directory. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-first": first,
  "0002-limiter": limiter,
  "0003-recent-calls": recentCalls,
  "0004-uploads": uploads,
  "0005-versions": versions,
  "0006-audit": audit,
  "0007-idempotency": idempotency,
  "0008-tokens": tokens,
  "0009-health": health,
  "0010-catalog-diff": catalogDiff,
  "0011-people": people,
  "0012-compat": compat,
  "0013-guesses": guesses,
  "0014-catalog-remedies": catalogRemedies,
  "0015-roles": roles,
  "0016-audit-bound": auditBound,
  "0017-user-scope": userScope,
}
