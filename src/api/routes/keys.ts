import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Key, KeyInput, KeyList, KeyPatch, KeyRotation, NewKey, RotatedKey } from "../member-schemas.ts"
import { pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** The keys that apps use. */
export function keyRoutes(api: Api, { keys }: Hub): void {
  const tag = "keys"
  api.get(
    "/keys",
    { ...access("admin"), schema: { ...describe(tag, "The workspace's API keys, without their values", { 200: pageOf(Key) }), querystring: KeyList } },
    async (request) => keys.list(principalOf(request), request.query),
  )
  api.get("/keys/:id", { ...access("admin"), schema: { ...describe(tag, "One key, without its value", { 200: Key }), params: Ref } }, async (request) =>
    keys.get(principalOf(request), request.params.id),
  )
  api.post(
    "/keys",
    { ...access("admin"), schema: { ...describe(tag, "Make an API key, shown this once", { 201: NewKey }), body: KeyInput } },
    async (request, reply) => {
      const made = await keys.create(principalOf(request), request.body)
      return reply.code(201).header("location", `/v1/keys/${made.id}`).send(made)
    },
  )
  api.patch("/keys/:id", { ...access("admin"), schema: { ...describe(tag, "Rename a key", { 200: Key }), params: Ref, body: KeyPatch } }, async (request) =>
    keys.rename(principalOf(request), request.params.id, request.body.name),
  )
  api.post(
    "/keys/:id/rotate",
    {
      ...access("admin"),
      schema: {
        ...describe(tag, "Make a new key in a key's place, shown this once; the old one ends after a while", { 201: RotatedKey }),
        params: Ref,
        body: KeyRotation,
      },
    },
    async (request, reply) => {
      const made = await keys.rotate(principalOf(request), request.params.id, request.body.graceMinutes)
      return reply.code(201).header("location", `/v1/keys/${made.id}`).send(made)
    },
  )
  api.delete("/keys/:id", { ...access("admin"), schema: { ...describe(tag, "Revoke a key", { 204: Type.Null() }), params: Ref } }, async (request, reply) => {
    await keys.revoke(principalOf(request), request.params.id)
    return reply.code(204).send(null)
  })
}
