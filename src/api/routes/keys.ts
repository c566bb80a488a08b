import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { IdRef, pageOf } from "../schemas/basics.ts"
import { Key, KeyInput, KeyPatch, KeyQuery, KeyRotation, NewKey, RotatedKey } from "../schemas/keys.ts"

/** The keys that apps use. */
export const keyOperations: readonly Operation[] = [
  operation(
    {
      id: "listKeys",
      method: "GET",
      path: "/v1/keys",
      tag: "keys",
      access: "admin",
      summary: "List the API keys of the workspace, without their values",
      query: KeyQuery,
      answer: pageOf(Key),
    },
    async (request, _reply, { keys }) => keys.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "getKey",
      method: "GET",
      path: "/v1/keys/{id}",
      tag: "keys",
      access: "admin",
      summary: "Get a key, without its value",
      params: IdRef,
      answer: Key,
    },
    async (request, _reply, { keys }) => keys.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "createKey",
      method: "POST",
      path: "/v1/keys",
      tag: "keys",
      access: "admin",
      summary: "Create an API key; its value is shown only once",
      body: KeyInput,
      examples: { "For an app that queries": { name: "reports", role: "use", labels: ["team:growth"] }, "For a deployment": { name: "ci", role: "editor" } },
      status: 201,
      answer: NewKey,
      location: "/v1/keys/{id}",
    },
    async (request, _reply, { keys }) => keys.create(principalOf(request), request.body),
  ),
  operation(
    {
      id: "updateKey",
      method: "PATCH",
      path: "/v1/keys/{id}",
      tag: "keys",
      access: "admin",
      summary: "Rename a key",
      params: IdRef,
      body: KeyPatch,
      examples: { "Another name": { name: "weekly reports" } },
      answer: Key,
    },
    async (request, _reply, { keys }) => keys.rename(principalOf(request), request.params.id, request.body.name),
  ),
  operation(
    {
      id: "rotateKey",
      method: "POST",
      path: "/v1/keys/{id}/rotate",
      tag: "keys",
      access: "admin",
      summary: "Replace a key with a new one; its value is shown only once",
      description: "The old key stays valid for the grace period.",
      params: IdRef,
      body: KeyRotation,
      examples: { "The old key ends in an hour": { graceMinutes: 60 } },
      status: 201,
      answer: RotatedKey,
      location: "/v1/keys/{id}",
    },
    async (request, _reply, { keys }) => keys.rotate(principalOf(request), request.params.id, request.body.graceMinutes),
  ),
  operation(
    {
      id: "revokeKey",
      method: "DELETE",
      path: "/v1/keys/{id}",
      tag: "keys",
      access: "admin",
      summary: "Revoke a key",
      params: IdRef,
    },
    async (request, _reply, { keys }) => {
      await keys.revoke(principalOf(request), request.params.id)
    },
  ),
]
