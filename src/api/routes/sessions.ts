import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Credentials, LiveSession, Me, MePatch, OwnPassword, Session } from "../member-schemas.ts"
import { originOf } from "../mount.ts"
import { Page, pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** Logging in and out, who the caller is, and what they do with their own login. */
export function sessionRoutes(api: Api, { identity, sessions }: Hub): void {
  const tag = "sessions"
  api.post(
    "/sessions",
    { ...access("public"), schema: { ...describe(tag, "Log in with e-mail and password", { 201: Session }), body: Credentials, security: [] } },
    async (request, reply) => reply.code(201).send(await identity.logIn(request.body.email, request.body.password, originOf(request))),
  )
  api.get(
    "/sessions",
    { ...access("viewer"), schema: { ...describe(tag, "Your live sessions, newest first", { 200: pageOf(LiveSession) }), querystring: Page } },
    async (request) => sessions.list(principalOf(request), request.query),
  )
  api.delete("/sessions", { ...access("viewer"), schema: describe(tag, "Log out: end this session", { 204: Type.Null() }) }, async (request, reply) => {
    await identity.logOut(principalOf(request))
    return reply.code(204).send(null)
  })
  api.delete(
    "/sessions/:id",
    { ...access("viewer"), schema: { ...describe(tag, "End one of your sessions", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await sessions.end(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  api.get("/me", { ...access("viewer"), schema: describe(tag, "Who the caller is, in which workspace and role", { 200: Me }) }, async (request) =>
    sessions.me(principalOf(request)),
  )
  api.patch("/me", { ...access("viewer"), schema: { ...describe(tag, "Change what you are called", { 200: Me }), body: MePatch } }, async (request) =>
    sessions.rename(principalOf(request), request.body.name),
  )
  api.post(
    "/me/password",
    { ...access("viewer"), schema: { ...describe(tag, "Change your password; your other sessions end", { 204: Type.Null() }), body: OwnPassword } },
    async (request, reply) => {
      await sessions.setOwnPassword(principalOf(request), request.body.current, request.body.password)
      return reply.code(204).send(null)
    },
  )
}
