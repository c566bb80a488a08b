import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { changePlan } from "../../hub/plans.ts"
import { principalOf } from "../access.ts"
import {
  Key,
  KeyInput,
  NewKey,
  NewWorkspace,
  PasswordInput,
  PasswordSet,
  User,
  UserInput,
  Workspace,
  WorkspaceInput,
  WorkspacePatch,
} from "../member-schemas.ts"
import { PageQuery, pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

const Page = Type.Object(PageQuery, { additionalProperties: false })

/** Workspaces, users and keys. */
export function memberRoutes(api: Api, { members, store }: Hub): void {
  api.get(
    "/workspaces",
    {
      ...access("viewer"),
      schema: { ...describe("workspaces", "The caller's workspace; all of them for an operator", { 200: pageOf(Workspace) }), querystring: Page },
    },
    async (request) => members.workspaces(principalOf(request), request.query),
  )
  api.post(
    "/workspaces",
    { ...access("operator"), schema: { ...describe("workspaces", "Make a workspace (operators)", { 201: NewWorkspace }), body: WorkspaceInput } },
    async (request, reply) => reply.code(201).send(await members.createWorkspace(principalOf(request), request.body)),
  )
  api.patch(
    "/workspaces/:id",
    {
      ...access("operator"),
      schema: { ...describe("workspaces", "Change a workspace's plan (operators)", { 200: Workspace }), params: Ref, body: WorkspacePatch },
    },
    async (request) => changePlan(store, request.params.id, request.body.plan),
  )

  api.get(
    "/users",
    { ...access("admin"), schema: { ...describe("users", "The workspace's users", { 200: pageOf(User) }), querystring: Page } },
    async (request) => members.users(principalOf(request), request.query),
  )
  api.post(
    "/users",
    { ...access("admin"), schema: { ...describe("users", "Add a user to the workspace", { 201: User }), body: UserInput } },
    async (request, reply) => reply.code(201).send(await members.addUser(principalOf(request), request.body)),
  )
  api.post(
    "/users/:id/password",
    {
      ...access("admin"),
      schema: { ...describe("users", "Set a user's password; made and shown once when none is given", { 200: PasswordSet }), params: Ref, body: PasswordInput },
    },
    async (request) => members.setPassword(principalOf(request), request.params.id, request.body.password),
  )

  api.get(
    "/keys",
    { ...access("admin"), schema: { ...describe("keys", "The workspace's live API keys", { 200: pageOf(Key) }), querystring: Page } },
    async (request) => members.keys(principalOf(request), request.query),
  )
  api.post(
    "/keys",
    { ...access("admin"), schema: { ...describe("keys", "Make an API key, shown this once", { 201: NewKey }), body: KeyInput } },
    async (request, reply) => reply.code(201).send(await members.createKey(principalOf(request), request.body)),
  )
  api.delete(
    "/keys/:id",
    { ...access("admin"), schema: { ...describe("keys", "Revoke a key", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await members.revokeKey(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
