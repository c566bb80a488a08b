import type { FastifyReply } from "fastify"
import Type from "typebox"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Connector, Ref, TestInput, TestReport } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe, ifMatchOf } from "../shapes.ts"
import { answerTest } from "../test-answer.ts"
import { Credentials, StageInput, SwitchInput } from "../version-schemas.ts"

/** Credentials in slots: staged, tested, switched, rolled back. */
export function credentialRoutes(api: Api, { credentials }: Hub): void {
  api.get(
    "/connectors/:id/credentials",
    { ...access("viewer"), schema: { ...describe("credentials", "What is in each slot, values as fingerprints", { 200: Credentials }), params: Ref } },
    async (request) => credentials.show(principalOf(request), request.params.id),
  )
  api.put(
    "/connectors/:id/credentials/next",
    {
      ...access("editor", { versioned: "taken" }),
      schema: {
        ...describe("credentials", "Stage the next credentials; the connector goes on with the current ones", { 200: Credentials }),
        params: Ref,
        body: StageInput,
      },
    },
    async (request) => credentials.stage(principalOf(request), request.params.id, request.body.config, ifMatchOf(request)),
  )
  api.delete(
    "/connectors/:id/credentials/next",
    { ...access("editor"), schema: { ...describe("credentials", "Throw the staged credentials away", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await credentials.discard(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  api.post(
    "/connectors/:id/credentials/next/test",
    {
      ...access("editor", { media: ["application/x-ndjson"] }),
      schema: {
        ...describe("credentials", "Test the connector with the staged credentials; NDJSON by Accept", { 200: TestReport }),
        params: Ref,
        body: TestInput,
      },
    },
    async (request, reply) => answerTest(request, reply, request.body, (options) => credentials.test(principalOf(request), request.params.id, options)),
  )
  api.post(
    "/connectors/:id/credentials/switch",
    {
      ...access("editor", { versioned: true }),
      schema: {
        ...describe("credentials", "Make the staged credentials the current ones, as a new version", { 200: Connector }),
        params: Ref,
        body: SwitchInput,
      },
    },
    async (request, reply) => {
      const ifMatch = ifMatchOf(request)
      const options = { force: request.body.force === true, ...(ifMatch === undefined ? {} : { ifMatch }) }
      return answer(reply, await credentials.switch(principalOf(request), request.params.id, options))
    },
  )
  api.post(
    "/connectors/:id/credentials/rollback",
    {
      ...access("editor", { versioned: true }),
      schema: { ...describe("credentials", "Bring the credentials of before the last switch back", { 200: Connector }), params: Ref },
    },
    async (request, reply) => answer(reply, await credentials.rollback(principalOf(request), request.params.id, ifMatchOf(request))),
  )
}

const answer = (reply: FastifyReply, connector: ConnectorView) => reply.header("etag", `"${connector.version}"`).send(connector)
