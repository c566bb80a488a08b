import type { FastifyReply } from "fastify"
import Type from "typebox"
import type { ConnectorInput, ConnectorPatch as Patch } from "../../hub/connectors/connector-input.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Connector, ConnectorList, ConnectorPatch, ConnectorInput as Input, pageOf, Ref, TestInput, TestReport, UnsavedTestInput } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe, ifMatchOf } from "../shapes.ts"
import { answerTest } from "../test-answer.ts"

/** Connectors: made, listed, changed, removed, tested. */
export function connectorRoutes(api: Api, { connectors }: Hub): void {
  api.post(
    "/connectors",
    { ...access("editor", { versioned: true }), schema: { ...describe("connectors", "Register a connector", { 201: Connector }), body: Input } },
    async (request, reply) => {
      const made = await connectors.create(principalOf(request), request.body as ConnectorInput)
      return answer(reply.code(201).header("location", `/v1/connectors/${made.id}`), made)
    },
  )
  api.get(
    "/connectors",
    {
      ...access("viewer"),
      schema: { ...describe("connectors", "The workspace's connectors, in the order they were made", { 200: pageOf(Connector) }), querystring: ConnectorList },
    },
    async (request) => connectors.list(principalOf(request), request.query),
  )
  api.get(
    "/connectors/:id",
    { ...access("viewer", { versioned: true }), schema: { ...describe("connectors", "One connector, by id or name", { 200: Connector }), params: Ref } },
    async (request, reply) => answer(reply, await connectors.get(principalOf(request), request.params.id)),
  )
  api.patch(
    "/connectors/:id",
    {
      ...access("editor", { versioned: true }),
      schema: {
        ...describe("connectors", "Change what is given; absent is kept, null cleared, a mask kept", { 200: Connector }),
        params: Ref,
        body: ConnectorPatch,
      },
    },
    async (request, reply) => answer(reply, await connectors.patch(principalOf(request), request.params.id, request.body as Patch, ifMatchOf(request))),
  )
  api.delete(
    "/connectors/:id",
    {
      ...access("editor", { versioned: true }),
      schema: { ...describe("connectors", "Remove a connector, its secrets and its catalogs", { 204: Type.Null() }), params: Ref },
    },
    async (request, reply) => {
      await connectors.remove(principalOf(request), request.params.id, ifMatchOf(request))
      return reply.code(204).send(null)
    },
  )
  api.post(
    "/connectors/:id/test",
    {
      ...access("editor", { media: ["application/x-ndjson"] }),
      schema: { ...describe("connectors", "Test a connector, stage by stage; NDJSON by Accept", { 200: TestReport }), params: Ref, body: TestInput },
    },
    async (request, reply) => answerTest(request, reply, request.body, (options) => connectors.test(principalOf(request), request.params.id, options)),
  )
  api.post(
    "/connectors/test",
    {
      ...access("editor", { media: ["application/x-ndjson"] }),
      schema: { ...describe("connectors", "Test a config without storing it; NDJSON by Accept", { 200: TestReport }), body: UnsavedTestInput },
    },
    async (request, reply) =>
      answerTest(request, reply, request.body, (options) => connectors.testUnsaved(principalOf(request), request.body.type, request.body.config, options)),
  )
}

const answer = (reply: FastifyReply, connector: ConnectorView) => reply.header("etag", `"${connector.version}"`).send(connector)
