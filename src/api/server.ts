import { randomUUID } from "node:crypto"
import swagger, { type StaticDocumentSpec } from "@fastify/swagger"
import swaggerUi from "@fastify/swagger-ui"
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify"
import { Registry } from "prom-client"
import { PlatformError } from "../core/errors.ts"
import type { Hub } from "../hub/hub.ts"
import { Calls } from "../runs/calls.ts"
import { useAccept } from "./accept.ts"
import { useAccess } from "./access.ts"
import { useArrival } from "./arrival.ts"
import { useBodies } from "./bodies.ts"
import { subjectOf } from "./failures.ts"
import { useIdempotency } from "./idempotency.ts"
import { useMethods } from "./methods.ts"
import { useMetrics } from "./metrics.ts"
import { type Mount, mountOf, sendAnswer, serveMount } from "./mount.ts"
import { openApi } from "./openapi/document.ts"
import { useOpening } from "./opening.ts"
import type { Services } from "./operation.ts"
import { operations } from "./operations.ts"
import { ICON, LOGO, usePages } from "./pages.ts"
import { asPlatformError, sendProblem } from "./problem.ts"
import { useRefusals } from "./refusals.ts"
import { register } from "./register.ts"
import { UPLOAD_ARRIVAL_MAX_MS } from "./routes/uploads.ts"
import { useReaders } from "./sending.ts"
import { useValidation } from "./validation.ts"

const BODY_MAX_BYTES = 1024 * 1024
const URL_MAX_CHARACTERS = 1_024
/** The time for a whole request to arrive, body included. Without a limit, a caller that sends a byte a minute would hold a connection forever. */
export const ARRIVAL_MAX_MS = 300_000

/** The docs page loads only its own files, and sends requests only to this hub. */
const DOCS_CSP = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

export interface ServerOptions {
  readonly version: string
  /** Other APIs over the same hub. */
  readonly mounts: readonly Mount[]
  /** Hosts that serve one mount at their root, by name in lower case; the value is the mount's prefix. */
  readonly mountHosts: ReadonlyMap<string, string>
  /** Addresses and networks of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: readonly string[]
  /** Requests wait for it. */
  readonly opened?: Promise<void>
}

/** The native API over a hub: validation, access, problem details, OpenAPI, docs, health and metrics. Not yet listening. */
export async function buildServer(hub: Hub, options: ServerOptions): Promise<FastifyInstance> {
  const { version, mounts, mountHosts, trustProxy = [], opened } = options
  const app = Fastify({
    loggerInstance: hub.log as FastifyBaseLogger,
    bodyLimit: BODY_MAX_BYTES,
    // The longest time of any route; `useArrival` enforces the shorter limits of the others.
    requestTimeout: UPLOAD_ARRIVAL_MAX_MS,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Requests are logged once, when they end, by our own hook: without query strings, which may hold text that a person typed.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: "idle",
    return503OnClosing: true,
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    routerOptions: { maxParamLength: URL_MAX_CHARACTERS },
    rewriteUrl: ({ url = "/", headers }) => (mountHosts.get(hostOf(headers.host)) ?? "") + url,
    frameworkErrors: (error, request, reply) => {
      const mount = mountOf(mounts, request.url)
      if (mount === undefined) void sendProblem(request, reply, asPlatformError(error))
      else void sendAnswer(request, reply, mount, asPlatformError(error))
    },
  })
  useBodies(app, (url) => mountOf(mounts, url) !== undefined)
  if (opened !== undefined) useOpening(app, opened)
  useArrival(app, ARRIVAL_MAX_MS)
  useValidation(app)
  const refuseOtherMethods = useMethods(app)
  const registry = new Registry()
  const metrics = useMetrics(app, registry, hub.counters.registry)
  app.addHook("onSend", async (request, reply) => {
    void reply.headers({
      "x-request-id": request.id,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    })
    // The docs page has its own; nothing else is a page.
    if (!reply.hasHeader("content-security-policy")) void reply.header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
  })
  useReaders(app, hub.nodeLimits)
  useRefusals(app, registry)
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request
    // A flood of refused requests must not flood the log; the metrics count them.
    const level = reply.statusCode === 429 ? "debug" : "info"
    request.log[level](
      { ...subjectOf(request), method, route: request.routeOptions.url ?? "unknown", status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) },
      "request",
    )
  })
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, asPlatformError(error)))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? ""
    return sendProblem(request, reply, new PlatformError("not_found", `There is nothing at ${path.slice(0, 200)}; see /openapi.json for the paths that exist.`))
  })

  const document = openApi(version)
  // The document comes from this server; the plugin only passes it to the docs page.
  await app.register(swagger, { mode: "static", specification: { document: document as StaticDocumentSpec["document"] } })
  usePages(app)
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: DOCS_CSP,
    logo: { type: "image/svg+xml", content: LOGO, href: "/" },
    theme: { title: "Jackfield API", favicon: [{ filename: "icon.svg", rel: "icon", type: "image/svg+xml", sizes: "any", content: Buffer.from(ICON) }] },
    uiConfig: { docExpansion: "none", defaultModelsExpandDepth: -1, persistAuthorization: false },
  })
  const calls = new Calls(hub)
  const services: Services = { ...hub, calls, version, metrics, description: () => document }
  const versioned = operations.filter(({ spec }) => spec.path.startsWith("/v1/"))
  await register(
    app,
    operations.filter((each) => !versioned.includes(each)),
    services,
  )
  await app.register(
    async (scope) => {
      const refuseOthers = useMethods(scope)
      useAccess(scope, hub.identity)
      await useAccept(scope)
      useIdempotency(scope, hub)
      await register(scope, versioned, services)
      refuseOthers()
    },
    { prefix: "/v1" },
  )
  for (const mount of mounts) await serveMount(app, mount, hub)
  refuseOtherMethods()
  return app
}

const hostOf = (header: string | undefined): string => (header ?? "").toLowerCase().replace(/:\d+$/, "")
