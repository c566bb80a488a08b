import { randomUUID } from "node:crypto"
import { resolve } from "node:path"
import type { Logger } from "pino"
import { registry } from "../connectors/index.ts"
import { Evaluator } from "../evaluator/evaluator.ts"
import { NodeLimits } from "../limits/node-limits.ts"
import { Door, type DoorOptions } from "../net/door.ts"
import { type OwnPort, Policy } from "../net/policy.ts"
import { parseDnsServers, parseHosts, Resolver } from "../net/resolver.ts"
import { parseEgressRules } from "../net/rules.ts"
import { serviceCaller } from "../net/service.ts"
import { openStore, type Store } from "../store/store.ts"
import { openVault, type Vault } from "../vault/vault.ts"
import { AuditLog } from "./audit/audit-log.ts"
import { AuditNotes } from "./audit/audit-notes.ts"
import { Counters } from "./base/counters.ts"
import { DueWorker } from "./base/due-worker.ts"
import { Nodes } from "./base/nodes.ts"
import type { Settings } from "./base/settings.ts"
import { Catalogs } from "./catalogs/catalogs.ts"
import { Checks } from "./checks/checks.ts"
import { ScheduledChecks } from "./checks/scheduled-checks.ts"
import { Credentials } from "./connectors/connector-credentials.ts"
import type { ConnectorParts } from "./connectors/connector-parts.ts"
import { Versions } from "./connectors/connector-versions.ts"
import { Connectors } from "./connectors/connectors.ts"
import { LoginGate } from "./connectors/login-gate.ts"
import { Tokens } from "./connectors/tokens.ts"
import { Uses } from "./connectors/uses.ts"
import { WarmSessions } from "./connectors/warm-sessions.ts"
import { Egress } from "./egress.ts"
import { type FirstStart, firstOperator, firstStart } from "./first-start.ts"
import { Idempotency } from "./idempotency.ts"
import { Onboarding } from "./onboarding.ts"
import type { HubParts } from "./parts.ts"
import { Identity } from "./people/identity.ts"
import { Keys } from "./people/keys.ts"
import { Sessions } from "./people/sessions.ts"
import { Users } from "./people/users.ts"
import { Workspaces } from "./people/workspaces.ts"
import { Probes } from "./probes/probes.ts"
import { Queries } from "./queries/queries.ts"
import { Uploads } from "./uploads/uploads.ts"
import { Deliveries } from "./webhooks/deliveries.ts"
import { Webhooks } from "./webhooks/webhooks.ts"

/** The differences of the playground: its logins, and its stand-ins for systems of the internet. */
export interface HubExtras {
  readonly door?: Pick<DoorOptions, "standIns" | "extraCa">
  readonly identity?: (store: Store, signingKey: Uint8Array) => Identity
}

export interface HubOptions extends HubExtras {
  /** Ends the opening, which then leaves nothing behind; the error is its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called before the database is migrated; an error ends the opening. */
  readonly beforeMigration?: () => void
}

/** The product behind its APIs. */
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
  /** The last step of a start: a new hub gets its first workspace, user and key; whether it was new. */
  firstStart(options: Omit<FirstStart, "dataDir">): Promise<boolean>
  /** The e-mail to which `jackfield users reset-password` gives a lost login back. */
  firstOperator(): Promise<string | undefined>
  /** Tells the hub where it listens, so that no connector may reach it. `url` leads there from this machine. */
  listensOn(own: OwnPort, url: string): Promise<void>
  /** The base of links to this hub: the operator's JACKFIELD_PUBLIC_URL, or the listener; never from a request's headers. */
  publicUrl(): string
  close(): Promise<void>
}

/** Opens store and vault, and puts the parts together. */
export async function openHub(settings: Settings, log: Logger, options: HubOptions = {}): Promise<Hub> {
  const resolver = resolverOf(settings)
  const dataDir = resolve(settings.dataDir)
  const { signal, beforeMigration } = options
  const store = await openStore({ dataDir, databaseUrl: settings.databaseUrl, log, signal, ...(beforeMigration && { beforeMigration }) })
  try {
    const vault = await openVault(store, settings.keys, { dataDir: settings.databaseUrl === undefined ? dataDir : undefined, send: serviceCaller(resolver) })
    signal?.throwIfAborted()
    const egress = new Egress(store, parseEgressRules(settings.egressAllow))
    const nodes = new Nodes(store)
    const door = new Door({ ...options.door, policy: policyOf(store, egress, nodes), resolver })
    const parts = partsOf(store, vault, door, log)
    const identity = (options.identity ?? ((...of) => new Identity(...of)))(store, await vault.hubKey(store, "sessions"))
    return assembled(parts, { settings, identity, egress, nodes, dataDir })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The policy of the door: the operators' rules, and the hub's own listeners and database, which are never allowed. */
function policyOf(store: Store, egress: Egress, nodes: Nodes): Policy {
  const protect = async (): Promise<readonly OwnPort[]> => {
    const { port, addresses } = await store.address()
    return [...(await nodes.ports()), ...addresses.map((address) => ({ address, port }))]
  }
  return new Policy({ fixed: egress.fixed, rules: () => egress.rules(), protect })
}

function partsOf(store: Store, vault: Vault, door: Door, log: Logger): ConnectorParts {
  const counters = new Counters()
  const nodeLimits = new NodeLimits((kind) => counters.refused.inc({ kind }))
  const [notes, uploads, evaluator] = [new AuditNotes(store), new Uploads(store, nodeLimits), new Evaluator()]
  const parts: HubParts = { store, vault, door, registry, log, counters, nodeLimits, notes, uploads, evaluator }
  return { ...parts, probes: new Probes(parts), tokens: new Tokens(parts), logins: new LoginGate(), warm: new WarmSessions() }
}

interface Made {
  readonly settings: Settings
  readonly identity: Identity
  readonly egress: Egress
  readonly nodes: Nodes
  readonly dataDir: string
}

/** The whole hub over its parts, with its workers started. */
function assembled(parts: ConnectorParts, { settings, identity, egress, nodes, dataDir }: Made): Hub {
  const { store, vault, door, log } = parts
  const idempotency = new Idempotency(store, vault)
  const connectors = new Connectors(parts)
  const uses = new Uses(parts)
  const catalogs = new Catalogs(store, uses)
  const node = randomUUID()
  let listener = ""
  const due = [new DueWorker(new ScheduledChecks(parts, connectors, node), log), new DueWorker(new Deliveries(parts, node), log)]
  const workers = settings.role === "api" ? [] : [...due, parts.uploads]
  for (const worker of workers) worker.start()
  egress.onChange(() => void parts.warm.judge())
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
    firstStart: (how) => firstStart(store, settings, { dataDir, ...how }),
    firstOperator: () => firstOperator(store),
    listensOn: ({ address, port }, url) => {
      listener = url
      return nodes.announce(address, port)
    },
    publicUrl: () => settings.publicUrl ?? listener,
    close: async () => {
      await Promise.all([...workers.map((worker) => worker.stop()), nodes.close(), parts.tokens.close(), parts.warm.close(), parts.evaluator.close()])
      idempotency.close()
      await parts.notes.close()
      await store.close()
    },
  }
}

/** The resolver that the operator's environment describes. */
function resolverOf(settings: Pick<Settings, "dns" | "hosts">): Resolver {
  return new Resolver({ hosts: parseHosts(settings.hosts), ...(settings.dns === "" ? {} : { servers: parseDnsServers(settings.dns) }) })
}
