import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import {
  LiveSession,
  NewWorkspace,
  PasswordInput,
  PasswordSet,
  User,
  UserInput,
  UserList,
  UserPatch,
  Workspace,
  WorkspaceInput,
  WorkspacePatch,
  WorkspaceRemoval,
} from "../member-schemas.ts"
import { Page, pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** Workspaces: made, shown, renamed, limited, removed. */
export function workspaceRoutes(api: Api, { workspaces }: Hub): void {
  const tag = "workspaces"
  api.get(
    "/workspaces",
    {
      ...access("viewer"),
      schema: { ...describe(tag, "The caller's workspaces; all of them for an operator", { 200: pageOf(Workspace) }), querystring: Page },
    },
    async (request) => workspaces.list(principalOf(request), request.query),
  )
  api.get(
    "/workspaces/:id",
    { ...access("viewer"), schema: { ...describe(tag, "One workspace, by id or name", { 200: Workspace }), params: Ref } },
    async (request) => workspaces.get(principalOf(request), request.params.id),
  )
  api.post(
    "/workspaces",
    { ...access("operator"), schema: { ...describe(tag, "Make a workspace (operators)", { 201: NewWorkspace }), body: WorkspaceInput } },
    async (request, reply) => {
      const made = await workspaces.create(principalOf(request), request.body)
      return reply.code(201).header("location", `/v1/workspaces/${made.id}`).send(made)
    },
  )
  api.patch(
    "/workspaces/:id",
    {
      ...access("admin"),
      schema: { ...describe(tag, "Rename a workspace, or change its plan (operators)", { 200: Workspace }), params: Ref, body: WorkspacePatch },
    },
    async (request) => workspaces.change(principalOf(request), request.params.id, request.body),
  )
  api.delete(
    "/workspaces/:id",
    {
      ...access("operator"),
      schema: {
        ...describe(tag, "Remove a workspace with all that is in it (operators); its name must be repeated", { 204: Type.Null() }),
        params: Ref,
        querystring: WorkspaceRemoval,
      },
    },
    async (request, reply) => {
      await workspaces.remove(principalOf(request), request.params.id, request.query.name)
      return reply.code(204).send(null)
    },
  )
}

/** The people of a workspace. */
export function userRoutes(api: Api, { users, sessions }: Hub): void {
  const tag = "users"
  api.get(
    "/users",
    { ...access("admin"), schema: { ...describe(tag, "The workspace's users, longest membership first", { 200: pageOf(User) }), querystring: UserList } },
    async (request) => users.list(principalOf(request), request.query),
  )
  api.get("/users/:id", { ...access("admin"), schema: { ...describe(tag, "One user, by id or e-mail", { 200: User }), params: Ref } }, async (request) =>
    users.get(principalOf(request), request.params.id),
  )
  api.post(
    "/users",
    { ...access("admin"), schema: { ...describe(tag, "Add a user to the workspace", { 201: User }), body: UserInput } },
    async (request, reply) => {
      const made = await users.add(principalOf(request), request.body)
      return reply.code(201).header("location", `/v1/users/${made.id}`).send(made)
    },
  )
  api.patch(
    "/users/:id",
    {
      ...access("admin"),
      schema: { ...describe(tag, "Change a user's role or name; disable a login (operators)", { 200: User }), params: Ref, body: UserPatch },
    },
    async (request) => users.change(principalOf(request), request.params.id, request.body),
  )
  api.delete(
    "/users/:id",
    { ...access("admin"), schema: { ...describe(tag, "Take a user out of the workspace", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await users.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  api.post(
    "/users/:id/password",
    {
      ...access("admin"),
      schema: { ...describe(tag, "Set a user's password; made and shown once when none is given", { 200: PasswordSet }), params: Ref, body: PasswordInput },
    },
    async (request) => users.setPassword(principalOf(request), request.params.id, request.body.password),
  )
  api.get(
    "/users/:id/sessions",
    { ...access("admin"), schema: { ...describe(tag, "A user's live sessions", { 200: pageOf(LiveSession) }), params: Ref, querystring: Page } },
    async (request) => sessions.listOf(principalOf(request), request.params.id, request.query),
  )
  api.delete(
    "/users/:id/sessions",
    { ...access("admin"), schema: { ...describe(tag, "End every session of a user", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await sessions.endOf(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
