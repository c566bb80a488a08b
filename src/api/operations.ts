import type { Operation } from "./operation.ts"
import { auditOperations } from "./routes/audit.ts"
import { callOperations } from "./routes/calls.ts"
import { catalogOperations } from "./routes/catalogs.ts"
import { checkOperations } from "./routes/checks.ts"
import { connectorTypeOperations } from "./routes/connector-types.ts"
import { connectorOperations } from "./routes/connectors.ts"
import { credentialOperations } from "./routes/credentials.ts"
import { egressOperations } from "./routes/egress.ts"
import { healthOperations } from "./routes/health.ts"
import { keyOperations } from "./routes/keys.ts"
import { queryOperations } from "./routes/queries.ts"
import { sessionOperations } from "./routes/sessions.ts"
import { uploadOperations } from "./routes/uploads.ts"
import { userOperations } from "./routes/users.ts"
import { versionOperations } from "./routes/versions.ts"
import { webhookOperations } from "./routes/webhooks.ts"
import { workspaceOperations } from "./routes/workspaces.ts"

/** Every operation of the native API. */
export const operations: readonly Operation[] = [
  ...connectorOperations,
  ...connectorTypeOperations,
  ...credentialOperations,
  ...versionOperations,
  ...catalogOperations,
  ...queryOperations,
  ...callOperations,
  ...checkOperations,
  ...webhookOperations,
  ...uploadOperations,
  ...sessionOperations,
  ...userOperations,
  ...keyOperations,
  ...workspaceOperations,
  ...auditOperations,
  ...egressOperations,
  ...healthOperations,
]
