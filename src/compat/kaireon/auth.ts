import type { FastifyRequest } from "fastify"
import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { Hub } from "../../hub/hub.ts"
import { isSessionToken } from "../../hub/people/identity.ts"

/**
 * The caller, by `Authorization: Bearer` or `X-API-Key`. An API key determines the tenant; with a user's token,
 * `X-Tenant-Id` selects one of the user's tenants. `X-User-Role` is ignored.
 */
export async function callerOf(request: FastifyRequest, hub: Hub): Promise<Principal> {
  const { authorization, "x-api-key": apiKey, "x-tenant-id": tenant } = request.headers
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (authorization !== undefined && bearer === undefined) throw new PlatformError("unauthenticated", "The Authorization header must be Bearer <key>.")
  const credential = bearer ?? (typeof apiKey === "string" && apiKey !== "" ? apiKey : undefined)
  const byTenant = credential === undefined || isSessionToken(credential)
  const picked = byTenant && typeof tenant === "string" && tenant !== "" ? tenant : undefined
  return hub.identity.authenticate(credential, picked)
}
