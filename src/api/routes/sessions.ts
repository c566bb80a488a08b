import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Credentials, Me, Session } from "../member-schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** Logging in and out, and who the caller is. */
export function sessionRoutes(api: Api, { identity, members }: Hub): void {
  api.post(
    "/sessions",
    { ...access("public"), schema: { ...describe("sessions", "Log in with e-mail and password", { 201: Session }), body: Credentials, security: [] } },
    async (request, reply) => reply.code(201).send(await identity.logIn(request.body.email, request.body.password)),
  )
  api.delete("/sessions", { ...access("viewer"), schema: describe("sessions", "Log out: end this session", { 204: Type.Null() }) }, async (request, reply) => {
    await identity.logOut(principalOf(request))
    return reply.code(204).send(null)
  })
  api.get("/me", { ...access("viewer"), schema: describe("sessions", "Who the caller is, in which workspace and role", { 200: Me }) }, async (request) => {
    const { kind, name, role, operator, workspace } = principalOf(request)
    const title = await members.titleOf(workspace.id)
    return { kind, name, workspace: { ...workspace, title }, role, operator }
  })
}
