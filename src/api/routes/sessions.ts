import { principalOf } from "../access.ts"
import { originOf } from "../mount.ts"
import { type Operation, operation } from "../operation.ts"
import { IdRef, Page, pageOf } from "../schemas/basics.ts"
import { LiveSession, Login, Me, MePatch, OwnPassword, Session } from "../schemas/people.ts"

/** Logging in and out, and the caller's own account. */
export const sessionOperations: readonly Operation[] = [
  operation(
    {
      id: "logIn",
      method: "POST",
      path: "/v1/sessions",
      tag: "sessions",
      access: "public",
      summary: "Log in with e-mail address and password",
      body: Login,
      examples: { "The first admin": { email: "admin@localhost", password: "HnV3FZ-p7lMf091oDLV_" } },
      status: 201,
      answer: Session,
    },
    async (request, _reply, { identity }) => identity.logIn(request.body.email, request.body.password, originOf(request)),
  ),
  operation(
    {
      id: "listSessions",
      method: "GET",
      path: "/v1/sessions",
      tag: "sessions",
      access: "viewer",
      scoped: true,
      summary: "List your live sessions, the newest first",
      query: Page,
      answer: pageOf(LiveSession),
    },
    async (request, _reply, { sessions }) => sessions.list(principalOf(request), request.query),
  ),
  operation(
    { id: "logOut", method: "DELETE", path: "/v1/sessions", tag: "sessions", access: "viewer", scoped: true, summary: "Log out: end this session" },
    async (request, _reply, { identity }) => {
      await identity.logOut(principalOf(request))
    },
  ),
  operation(
    {
      id: "endSession",
      method: "DELETE",
      path: "/v1/sessions/{id}",
      tag: "sessions",
      access: "viewer",
      scoped: true,
      summary: "End one of your sessions",
      params: IdRef,
    },
    async (request, _reply, { sessions }) => {
      await sessions.end(principalOf(request), request.params.id)
    },
  ),
  operation(
    {
      id: "getMe",
      method: "GET",
      path: "/v1/me",
      tag: "sessions",
      access: "viewer",
      scoped: true,
      summary: "Get the caller: name, workspace and role",
      answer: Me,
    },
    async (request, _reply, { sessions }) => sessions.me(principalOf(request)),
  ),
  operation(
    {
      id: "updateMe",
      method: "PATCH",
      path: "/v1/me",
      tag: "sessions",
      access: "viewer",
      scoped: true,
      summary: "Change your name",
      body: MePatch,
      examples: { "A name": { name: "Ada Lovelace" } },
      answer: Me,
    },
    async (request, _reply, { sessions }) => sessions.rename(principalOf(request), request.body.name),
  ),
  operation(
    {
      id: "changePassword",
      method: "POST",
      path: "/v1/me/password",
      tag: "sessions",
      access: "viewer",
      scoped: true,
      summary: "Change your password; your other sessions end",
      body: OwnPassword,
      examples: { "A new password": { current: "HnV3FZ-p7lMf091oDLV_", password: "correct horse battery staple" } },
    },
    async (request, _reply, { sessions }) => {
      await sessions.setOwnPassword(principalOf(request), request.body.current, request.body.password)
    },
  ),
]
