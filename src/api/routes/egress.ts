import Type from "typebox"
import { slice } from "../../hub/base/page.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { EgressInput, EgressRule } from "../member-schemas.ts"
import { Page, pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** The operators' allow-list of private destinations. */
export function egressRoutes(api: Api, { egress }: Hub): void {
  api.get(
    "/egress",
    {
      ...access("operator"),
      schema: { ...describe("egress", "Private destinations that connectors may reach", { 200: pageOf(EgressRule) }), querystring: Page },
    },
    async (request) => slice(await egress.list(), request.query),
  )
  api.post(
    "/egress",
    { ...access("operator"), schema: { ...describe("egress", "Allow a private destination; holds at once", { 201: EgressRule }), body: EgressInput } },
    async (request, reply) => reply.code(201).send(await egress.allow(principalOf(request), request.body.rule, request.body.note ?? "")),
  )
  api.delete(
    "/egress/:id",
    { ...access("operator"), schema: { ...describe("egress", "Take a rule back", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await egress.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
