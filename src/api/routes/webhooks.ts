import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Delivery, DeliveryRef, NewWebhook, Page, Webhook, WebhookInput, WebhookPatch } from "../health-schemas.ts"
import { pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** Where the workspace's events go. */
export function webhookRoutes(api: Api, { webhooks }: Hub): void {
  api.get(
    "/webhooks",
    { ...access("admin"), schema: { ...describe("webhooks", "The workspace's webhooks", { 200: pageOf(Webhook) }), querystring: Page } },
    async (request) => webhooks.list(principalOf(request), request.query),
  )
  api.post(
    "/webhooks",
    {
      ...access("admin"),
      schema: { ...describe("webhooks", "Make a webhook; its signing secret is shown this once", { 201: NewWebhook }), body: WebhookInput },
    },
    async (request, reply) => {
      const made = await webhooks.create(principalOf(request), request.body)
      return reply.code(201).header("location", `/v1/webhooks/${made.id}`).send(made)
    },
  )
  api.get("/webhooks/:id", { ...access("admin"), schema: { ...describe("webhooks", "One webhook", { 200: Webhook }), params: Ref } }, async (request) =>
    webhooks.get(principalOf(request), request.params.id),
  )
  api.patch(
    "/webhooks/:id",
    { ...access("admin"), schema: { ...describe("webhooks", "Change what is given; absent is kept", { 200: Webhook }), params: Ref, body: WebhookPatch } },
    async (request) => webhooks.patch(principalOf(request), request.params.id, request.body),
  )
  api.delete(
    "/webhooks/:id",
    { ...access("admin"), schema: { ...describe("webhooks", "Remove a webhook, and what it was still to be told", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await webhooks.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  api.post(
    "/webhooks/:id/ping",
    { ...access("admin"), schema: { ...describe("webhooks", "Send a test event", { 202: Delivery }), params: Ref } },
    async (request, reply) => reply.code(202).send(await webhooks.ping(principalOf(request), request.params.id)),
  )
  api.get(
    "/webhooks/:id/deliveries",
    {
      ...access("admin"),
      schema: { ...describe("webhooks", "What was sent, and is to be, the newest first", { 200: pageOf(Delivery) }), params: Ref, querystring: Page },
    },
    async (request) => webhooks.deliveries(principalOf(request), request.params.id, request.query),
  )
  api.post(
    "/webhooks/:id/deliveries/:delivery/redeliver",
    { ...access("admin"), schema: { ...describe("webhooks", "Send a delivery again", { 202: Delivery }), params: DeliveryRef } },
    async (request, reply) => reply.code(202).send(await webhooks.redeliver(principalOf(request), request.params.id, request.params.delivery)),
  )
}
