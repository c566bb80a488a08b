import { randomUUID } from "node:crypto"
import { resolve } from "node:path"
import type { Logger } from "pino"
import { registry } from "../connectors/index.ts"
import { PlatformError } from "../core/errors.ts"
import { NodeLimits } from "../limits/node-limits.ts"
import { Door, type DoorOptions } from "../net/door.ts"
import { type OwnPort, Policy } from "../net/policy.ts"
import { parseDnsServers, parseHosts, Resolver } from "../net/resolver.ts"
import { parseEgressRules } from "../net/rules.ts"
import { serviceCaller } from "../net/service.ts"
import { allWorkspaces } from "../store/lookups.ts"
import { openStore, type Store } from "../store/store.ts"
import { hashPassword } from "../vault/passwords.ts"
import { newApiKey } from "../vault/tokens.ts"
import { openVault } from "../vault/vault.ts"
import { hubActor, record } from "./audit/audit.ts"
import { AuditLog } from "./audit/audit-log.ts"
import { AuditNotes } from "./audit/audit-notes.ts"
import { removeCliFile, urlOf, writeCliFile } from "./base/cli-file.ts"
import { Counters } from "./base/counters.ts"
import { Nodes } from "./base/nodes.ts"
import type { Settings } from "./base/settings.ts"
import { Catalogs } from "./catalogs/catalogs.ts"
import { CheckWorker } from "./checks/check-worker.ts"
import { Checks } from "./checks/checks.ts"
import { Credentials } from "./connectors/connector-credentials.ts"
import type { ConnectorParts } from "./connectors/connector-parts.ts"
import { Versions } from "./connectors/connector-versions.ts"
import { Connectors } from "./connectors/connectors.ts"
import { LoginGate } from "./connectors/login-gate.ts"
import { Tokens } from "./connectors/tokens.ts"
import { Uses } from "./connectors/uses.ts"
import { Egress } from "./egress.ts"
import { Idempotency } from "./idempotency.ts"
import { Onboarding } from "./onboarding.ts"
import type { HubParts } from "./parts.ts"
import { Identity } from "./people/identity.ts"
import { insertKey, Keys } from "./people/keys.ts"
import { Sessions } from "./people/sessions.ts"
import { newPassword, Users } from "./people/users.ts"
import { makeWorkspace, Workspaces } from "./people/workspaces.ts"
import { Probes } from "./probes/probes.ts"
import { Queries } from "./queries/queries.ts"
import { Uploads } from "./uploads/uploads.ts"
import { WebhookWorker } from "./webhooks/webhook-worker.ts"
import { Webhooks } from "./webhooks/webhooks.ts"

/** What the very first start made up, to be printed once and never again. */
export interface FirstLogin {
  readonly email: string
  /** undefined when the operator's environment gave it. */
  readonly password: string | undefined
  readonly key: string | undefined
}

/** What the playground alone changes: who is let in, and what stands in for systems of the internet. */
export interface HubExtras {
  readonly door?: Pick<DoorOptions, "standIns" | "extraCa">
  readonly identity?: (store: Store, signingKey: Uint8Array) => Identity
}

/** The product behind its APIs. `own` is told where the hub listens, so that no connector may reach it. */
export interface Hub extends ConnectorParts {
  readonly uses: Uses
  readonly identity: Identity
  readonly workspaces: Workspaces
  readonly users: Users
  readonly sessions: Sessions
  readonly keys: Keys
  readonly audit: AuditLog
  readonly idempotency: Idempotency
  readonly egress: Egress
  readonly connectors: Connectors
  readonly versions: Versions
  readonly credentials: Credentials
  readonly catalogs: Catalogs
  readonly queries: Queries
  readonly checks: Checks
  readonly webhooks: Webhooks
  readonly onboarding: Onboarding
  readonly firstLogin: FirstLogin | undefined
  listensOn(own: OwnPort): Promise<void>
  close(): Promise<void>
}

/** Opens store and vault, makes the first workspace, user and key on a new hub, and puts the parts together. */
export async function openHub(settings: Settings, log: Logger, extras: HubExtras = {}): Promise<Hub> {
  const fixed = parseEgressRules(settings.egressAllow)
  const resolver = resolverOf(settings)
  const dataDir = resolve(settings.dataDir)
  const store = await openStore({ dataDir, databaseUrl: settings.databaseUrl, log })
  try {
    const vault = await openVault(store, settings.keys, { dataDir: settings.databaseUrl === undefined ? dataDir : undefined, send: serviceCaller(resolver) })
    const firstLogin = await bootstrap(store, settings, dataDir)
    const egress = new Egress(store, fixed)
    const nodes = new Nodes(store)
    const protect = async (): Promise<readonly OwnPort[]> => {
      const { port, addresses } = await store.address()
      return [...(await nodes.ports()), ...addresses.map((address) => ({ address, port }))]
    }
    const door = new Door({ ...extras.door, policy: new Policy({ fixed, rules: () => egress.rules(), protect }), resolver })
    const counters = new Counters()
    const nodeLimits = new NodeLimits((kind) => counters.refused.inc({ kind }))
    const shared: HubParts = { store, vault, door, registry, log, counters, nodeLimits, notes: new AuditNotes(store), uploads: new Uploads(store, nodeLimits) }
    const parts: ConnectorParts = { ...shared, probes: new Probes(shared), tokens: new Tokens(shared), logins: new LoginGate() }
    const idempotency = new Idempotency(store, vault)
    const connectors = new Connectors(parts)
    const uses = new Uses(parts)
    const catalogs = new Catalogs(store, uses)
    const workers = settings.role === "api" ? [] : [new CheckWorker(parts, connectors), new WebhookWorker(parts), parts.uploads]
    for (const worker of workers) worker.start()
    const identity = (extras.identity ?? ((...parts) => new Identity(...parts)))(store, await vault.hubKey(store, "sessions"))
    return {
      ...parts,
      uses,
      identity,
      workspaces: new Workspaces(store, () => identity.forgetKeys()),
      users: new Users(store),
      sessions: new Sessions(store),
      keys: new Keys(store, () => identity.forgetKeys()),
      audit: new AuditLog(store),
      idempotency,
      egress,
      connectors,
      versions: new Versions(parts),
      credentials: new Credentials(parts),
      catalogs,
      queries: new Queries(parts, uses, catalogs),
      checks: new Checks(store),
      webhooks: new Webhooks(store, vault),
      onboarding: new Onboarding(door, connectors, catalogs),
      firstLogin,
      listensOn: ({ address, port }) => nodes.announce(address, port),
      close: async () => {
        await Promise.all([...workers.map((worker) => worker.stop()), nodes.close(), parts.tokens.close()])
        idempotency.close()
        await parts.notes.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The resolver that the operator's environment describes. */
export function resolverOf(settings: Pick<Settings, "dns" | "hosts">): Resolver {
  return new Resolver({ hosts: parseHosts(settings.hosts), ...(settings.dns === "" ? {} : { servers: parseDnsServers(settings.dns) }) })
}

/**
 * A new hub gets its first workspace, admin and key, in one transaction: it has all three or none. The key is in the
 * CLI's file before it is in the store, so that a kill in between cannot leave a hub to which nobody has a key.
 */
async function bootstrap(store: Store, settings: Settings, dataDir: string): Promise<FirstLogin | undefined> {
  if ((await store.asHub(allWorkspaces)).length > 0) return undefined
  const password = settings.adminPassword ?? newPassword()
  const key = settings.adminKey ?? newApiKey()
  const passwordHash = await hashPassword(password)
  const email = settings.adminEmail.toLowerCase()
  const workspaceId = randomUUID()
  const userId = randomUUID()
  await writeCliFile(dataDir, { url: urlOf(settings.host, settings.port), key })
  try {
    await store.inWorkspace(workspaceId, async (tx) => {
      await makeWorkspace(tx, workspaceId, { name: "main", title: "Main" }, undefined)
      await tx.insertInto("users").values({ id: userId, email, name: email, password_hash: passwordHash }).execute()
      await tx.insertInto("memberships").values({ workspace_id: workspaceId, user_id: userId, role: "admin" }).execute()
      await insertKey(tx, workspaceId, `user:${userId}`, key, { name: "first admin key", role: "admin" })
      const target = { kind: "workspace", id: workspaceId, name: "main" }
      await record(tx, hubActor(workspaceId), { action: "workspace.create", target, details: { firstUser: email } })
    })
  } catch (error) {
    // Another node of the same new hub was quicker; its login is the one that counts.
    if (!(error instanceof PlatformError) || error.code !== "name_taken") throw error
    await removeCliFile(dataDir)
    return undefined
  }
  return { email, password: settings.adminPassword === undefined ? password : undefined, key: settings.adminKey === undefined ? key : undefined }
}
