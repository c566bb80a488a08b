import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { Page, pageOf, UserRef } from "../schemas/basics.ts"
import { LiveSession, PasswordInput, PasswordSet, User, UserInput, UserPatch, UserQuery } from "../schemas/people.ts"

/** The people of a workspace. */
export const userOperations: readonly Operation[] = [
  operation(
    {
      id: "listUsers",
      method: "GET",
      path: "/v1/users",
      tag: "users",
      access: "admin",
      summary: "List the users of the workspace, the oldest membership first",
      query: UserQuery,
      answer: pageOf(User),
    },
    async (request, _reply, { users }) => users.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "getUser",
      method: "GET",
      path: "/v1/users/{id}",
      tag: "users",
      access: "admin",
      summary: "Get a user",
      params: UserRef,
      answer: User,
    },
    async (request, _reply, { users }) => users.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "createUser",
      method: "POST",
      path: "/v1/users",
      tag: "users",
      access: "admin",
      summary: "Add a user to the workspace",
      description: "A password that the hub generates is shown only once.",
      body: UserInput,
      examples: { "An editor": { email: "ada@example.com", role: "editor", name: "Ada" } },
      status: 201,
      answer: User,
      location: "/v1/users/{id}",
    },
    async (request, _reply, { users }) => users.add(principalOf(request), request.body),
  ),
  operation(
    {
      id: "updateUser",
      method: "PATCH",
      path: "/v1/users/{id}",
      tag: "users",
      access: "admin",
      summary: "Change the role, the limit or the name of a user, or disable the login (operators only)",
      params: UserRef,
      body: UserPatch,
      examples: { "Another role": { role: "viewer" }, "No limit to connectors": { connectors: null } },
      answer: User,
    },
    async (request, _reply, { users }) => users.change(principalOf(request), request.params.id, request.body),
  ),
  operation(
    {
      id: "removeUser",
      method: "DELETE",
      path: "/v1/users/{id}",
      tag: "users",
      access: "admin",
      summary: "Remove a user from the workspace",
      params: UserRef,
    },
    async (request, _reply, { users }) => {
      await users.remove(principalOf(request), request.params.id)
    },
  ),
  operation(
    {
      id: "setPassword",
      method: "POST",
      path: "/v1/users/{id}/password",
      tag: "users",
      access: "admin",
      summary: "Set the password of a user",
      description: "If the request has no password, the hub generates one and shows it only once.",
      params: UserRef,
      body: PasswordInput,
      examples: { "One of your own": { password: "correct horse battery staple" } },
      answer: PasswordSet,
    },
    async (request, _reply, { users }) => users.setPassword(principalOf(request), request.params.id, request.body.password),
  ),
  operation(
    {
      id: "listUserSessions",
      method: "GET",
      path: "/v1/users/{id}/sessions",
      tag: "users",
      access: "admin",
      summary: "List the live sessions of a user",
      params: UserRef,
      query: Page,
      answer: pageOf(LiveSession),
    },
    async (request, _reply, { sessions }) => sessions.listOf(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "endUserSessions",
      method: "DELETE",
      path: "/v1/users/{id}/sessions",
      tag: "users",
      access: "admin",
      summary: "End every session of a user",
      params: UserRef,
    },
    async (request, _reply, { sessions }) => {
      await sessions.endOf(principalOf(request), request.params.id)
    },
  ),
]
