import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { IdRef, Page, pageOf } from "../schemas/basics.ts"
import { Delivery, DeliveryRef, NewWebhook, Webhook, WebhookInput, WebhookPatch } from "../schemas/webhooks.ts"

/** Where the events of the workspace go. */
export const webhookOperations: readonly Operation[] = [
  operation(
    {
      id: "listWebhooks",
      method: "GET",
      path: "/v1/webhooks",
      tag: "webhooks",
      access: "admin",
      summary: "List the webhooks of the workspace",
      query: Page,
      answer: pageOf(Webhook),
    },
    async (request, _reply, { webhooks }) => webhooks.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "createWebhook",
      method: "POST",
      path: "/v1/webhooks",
      tag: "webhooks",
      access: "admin",
      summary: "Create a webhook; its signing secret is shown only once",
      body: WebhookInput,
      examples: { "Told of outages": { url: "https://hooks.example.com/jackfield", events: ["connector.state_changed"] } },
      status: 201,
      answer: NewWebhook,
      location: "/v1/webhooks/{id}",
    },
    async (request, _reply, { webhooks }) => webhooks.create(principalOf(request), request.body),
  ),
  operation(
    {
      id: "getWebhook",
      method: "GET",
      path: "/v1/webhooks/{id}",
      tag: "webhooks",
      access: "admin",
      summary: "Get a webhook",
      params: IdRef,
      answer: Webhook,
    },
    async (request, _reply, { webhooks }) => webhooks.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "updateWebhook",
      method: "PATCH",
      path: "/v1/webhooks/{id}",
      tag: "webhooks",
      access: "admin",
      summary: "Change a webhook; an absent field is kept",
      params: IdRef,
      body: WebhookPatch,
      examples: { "A description": { description: "The on-call team's page" } },
      answer: Webhook,
    },
    async (request, _reply, { webhooks }) => webhooks.patch(principalOf(request), request.params.id, request.body),
  ),
  operation(
    {
      id: "deleteWebhook",
      method: "DELETE",
      path: "/v1/webhooks/{id}",
      tag: "webhooks",
      access: "admin",
      summary: "Delete a webhook and its pending deliveries",
      params: IdRef,
    },
    async (request, _reply, { webhooks }) => {
      await webhooks.remove(principalOf(request), request.params.id)
    },
  ),
  operation(
    {
      id: "pingWebhook",
      method: "POST",
      path: "/v1/webhooks/{id}/ping",
      tag: "webhooks",
      access: "admin",
      summary: "Send a test event",
      params: IdRef,
      status: 202,
      answer: Delivery,
    },
    async (request, _reply, { webhooks }) => webhooks.ping(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "listDeliveries",
      method: "GET",
      path: "/v1/webhooks/{id}/deliveries",
      tag: "webhooks",
      access: "admin",
      summary: "List the deliveries of a webhook, sent or waiting, the newest first",
      params: IdRef,
      query: Page,
      answer: pageOf(Delivery),
    },
    async (request, _reply, { webhooks }) => webhooks.deliveries(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "redeliver",
      method: "POST",
      path: "/v1/webhooks/{id}/deliveries/{delivery}/redeliver",
      tag: "webhooks",
      access: "admin",
      summary: "Send a delivery again",
      params: DeliveryRef,
      status: 202,
      answer: Delivery,
    },
    async (request, _reply, { webhooks }) => webhooks.redeliver(principalOf(request), request.params.id, request.params.delivery),
  ),
]
