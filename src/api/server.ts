import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import swagger from "@fastify/swagger"
import swaggerUi from "@fastify/swagger-ui"
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox"
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { Hub } from "../hub/hub.ts"
import { useAccess } from "./access.ts"
import { useArrival } from "./arrival.ts"
import { describeBodies, describeRoute } from "./description.ts"
import { useIdempotency } from "./idempotency.ts"
import { useMethods } from "./methods.ts"
import { useMetrics } from "./metrics.ts"
import { type Mount, mountOf, sendAnswer, serveMount } from "./mount.ts"
import { asPlatformError, sendProblem } from "./problem.ts"
import { auditRoutes } from "./routes/audit.ts"
import { callRoutes } from "./routes/calls.ts"
import { catalogRoutes } from "./routes/catalogs.ts"
import { checkRoutes } from "./routes/checks.ts"
import { comparisonRoutes } from "./routes/comparisons.ts"
import { connectorRoutes } from "./routes/connectors.ts"
import { credentialRoutes } from "./routes/credentials.ts"
import { egressRoutes } from "./routes/egress.ts"
import { healthRoutes } from "./routes/health.ts"
import { keyRoutes } from "./routes/keys.ts"
import { userRoutes, workspaceRoutes } from "./routes/members.ts"
import { queryRoutes } from "./routes/queries.ts"
import { sessionRoutes } from "./routes/sessions.ts"
import { typeRoutes } from "./routes/types.ts"
import { UPLOAD_ARRIVAL_MAX_MS, uploadRoutes } from "./routes/uploads.ts"
import { versionRoutes } from "./routes/versions.ts"
import { webhookRoutes } from "./routes/webhooks.ts"
import { useValidation } from "./validation.ts"

/** A Fastify instance whose routes are typed by their TypeBox schemas. */
export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

const BODY_MAX_BYTES = 1024 * 1024
const URL_MAX_CHARACTERS = 1_024
/** For a whole request to arrive, body and all; without it a caller who sends a byte a minute holds a connection for ever. */
export const ARRIVAL_MAX_MS = 300_000

export interface ServerOptions {
  readonly version: string
  /** Other APIs over the same hub. */
  readonly mounts: readonly Mount[]
  /** Hosts that serve one mount at their root, by name in lower case; the value is the mount's prefix. */
  readonly mountHosts: ReadonlyMap<string, string>
  /** Addresses and networks of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: readonly string[]
}

/** The native API over a hub: validation, access, problem details, OpenAPI, docs, health and metrics. Not yet listening. */
export async function buildServer(hub: Hub, options: ServerOptions): Promise<FastifyInstance> {
  const { version, mounts, mountHosts, trustProxy = [] } = options
  const app = Fastify({
    loggerInstance: hub.log as FastifyBaseLogger,
    bodyLimit: BODY_MAX_BYTES,
    // The most of any route; `useArrival` holds the others to less.
    requestTimeout: UPLOAD_ARRIVAL_MAX_MS,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Requests are logged once, when they end, by our own hook: without query strings, which may hold what a person typed.
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
  // No body is an empty one, whatever its content type says; a route that needs fields lists them.
  const parseJson = app.getDefaultJsonParser("error", "error")
  app.removeContentTypeParser("application/json")
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined)
    // What a vendor's API says of a `null` is its own.
    else
      void parseJson(request, body, (error, value) => done(error ?? (value === null && mountOf(mounts, request.url) === undefined ? nullBody() : null), value))
  })
  useArrival(app, ARRIVAL_MAX_MS)
  useValidation(app)
  const refuseOtherMethods = useMethods(app)
  useMetrics(app, hub.counters.registry)
  app.addHook("onSend", async (request, reply) => {
    void reply.headers({ "x-request-id": request.id, "x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer" })
  })
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request
    // A flood that is refused must not flood the log as well; the metrics count it.
    const level = reply.statusCode === 429 ? "debug" : "info"
    request.log[level]({ method, route: request.routeOptions.url ?? "unknown", status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }, "request")
  })
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, asPlatformError(error)))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? ""
    return sendProblem(request, reply, new PlatformError("not_found", `There is nothing at ${path.slice(0, 200)}; see /openapi.json for what there is.`))
  })

  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Jackfield",
        version,
        description: "One hub for every system a team uses: register it once, then test, browse, query and call it by name.",
      },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" }, apiKey: { type: "apiKey", in: "header", name: "x-api-key" } } },
      security: [{ key: [] }, { apiKey: [] }],
    },
    hideUntagged: true,
    transform: describeRoute,
    transformObject: (documents) => ("openapiObject" in documents ? describeBodies(documents.openapiObject) : documents.swaggerObject),
  })
  await app.register(swaggerUi, { routePrefix: "/docs", theme: { title: "Jackfield API" } })
  healthRoutes(app as Api, hub, version)
  await app.register(
    async (scope) => {
      const refuseOthers = useMethods(scope)
      useAccess(scope, hub.identity)
      useIdempotency(scope, hub.idempotency)
      const api = scope as Api
      sessionRoutes(api, hub)
      workspaceRoutes(api, hub)
      userRoutes(api, hub)
      keyRoutes(api, hub)
      auditRoutes(api, hub)
      egressRoutes(api, hub)
      typeRoutes(api, hub)
      connectorRoutes(api, hub)
      comparisonRoutes(api, hub)
      versionRoutes(api, hub)
      credentialRoutes(api, hub)
      catalogRoutes(api, hub)
      queryRoutes(api, hub)
      callRoutes(api, hub)
      checkRoutes(api, hub)
      webhookRoutes(api, hub)
      await uploadRoutes(api, hub)
      refuseOthers()
    },
    { prefix: "/v1" },
  )
  for (const mount of mounts) await serveMount(app, mount, hub)
  refuseOtherMethods()
  return app
}

/** A `null` that was sent is no body left out, though both arrive here as one. */
const nullBody = (): PlatformError =>
  new PlatformError("request_invalid", "The request is not valid: the body must be an object, and is null.", {
    faults: [{ pointer: "", message: "must be object." }],
  })

const hostOf = (header: string | undefined): string => (header ?? "").toLowerCase().replace(/:\d+$/, "")
