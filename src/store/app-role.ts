import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { randomPassword } from "./cluster.ts"

/** The login that the hub works under: it owns nothing, and row-level security applies to it. */
export interface AppRole {
  readonly name: string
  readonly password: string
}

type Verb = "select" | "insert" | "update" | "delete"
const ALL: readonly Verb[] = ["select", "insert", "update", "delete"]

/** The login's rights, table by table; it has none on a table that is not listed. */
const GRANTS: Readonly<Record<string, readonly Verb[]>> = {
  settings: ALL,
  workspaces: ALL,
  users: ALL,
  memberships: ALL,
  sessions: ALL,
  login_attempts: ALL,
  api_keys: ALL,
  connectors: ALL,
  connector_secrets: ALL,
  connector_versions: ["select", "insert", "delete"],
  staged_credentials: ALL,
  data_keys: ["select", "insert", "update"],
  catalogs: ALL,
  catalog_streams: ["select", "insert", "delete"],
  catalog_skipped: ["select", "insert", "delete"],
  egress_rules: ALL,
  limiter_rates: ["select", "insert", "update"],
  limiter_starts: ALL,
  limiter_slots: ALL,
  recent_calls: ["select", "insert", "update"],
  oauth_tokens: ALL,
  audit_heads: ["select"],
  audit_entries: ["select"],
  health_checks: ALL,
  health_results: ["select", "insert", "delete"],
  webhooks: ALL,
  webhook_deliveries: ALL,
  admissions: ["select", "insert", "update"],
  admission_nodes: ALL,
  probes: ALL,
  uploads: ALL,
  upload_chunks: ["select", "insert", "delete"],
  idempotency_keys: ALL,
}

const FUNCTIONS = [
  "find_api_key(bytea)",
  "touch_api_key(uuid)",
  "find_session(uuid)",
  "find_user(text)",
  "memberships_of(uuid)",
  "all_workspaces()",
  "login_attempt(bytea, text, integer, integer, integer, interval)",
  "any_data_keys(integer)",
  "audit_append(uuid, text[])",
  "audit_trim(uuid)",
  "idempotency_note(uuid, jsonb)",
  "idempotency_sweep()",
  "limiter_take_starts(uuid, uuid, bigint[], double precision[], double precision[])",
  "limiter_exchange_slots(uuid, uuid, integer, uuid[], uuid[], uuid[], double precision, double precision)",
  "claim_health_checks(uuid, integer, integer)",
  "claim_deliveries(uuid, integer, integer, integer)",
  "catalog_changes(uuid, uuid, integer, integer)",
  "admit(uuid, text, uuid, integer, integer, integer, integer)",
]

/**
 * Ensures that the hub's login exists with the stored name and password and exactly the grants above. Run as the
 * owner, under the migration lock. If the owner may not create roles, the PlatformError contains the SQL that an
 * administrator must run.
 */
export async function ensureAppRole(owner: pg.Client): Promise<AppRole> {
  const role = await storedRole(owner)
  const found = await owner.query("select from pg_roles where rolname = $1", [role.name])
  if (found.rowCount === 0) await createRole(owner, role)
  await refuseTooMuch(owner, role)
  await owner.query(grants(role.name))
  return role
}

async function storedRole(owner: pg.Client): Promise<AppRole> {
  await owner.query("create table if not exists jackfield.owner_settings (key text primary key, value jsonb not null)")
  await owner.query("revoke all on jackfield.owner_settings from public")
  const fresh: AppRole = { name: `jackfield_${randomBytes(4).toString("hex")}`, password: randomPassword() }
  await owner.query("insert into jackfield.owner_settings values ('app_role', $1) on conflict do nothing", [JSON.stringify(fresh)])
  const stored = await owner.query<{ value: AppRole }>("select value from jackfield.owner_settings where key = 'app_role'")
  return stored.rows[0]?.value ?? fresh
}

async function createRole(owner: pg.Client, role: AppRole): Promise<void> {
  const name = pg.escapeIdentifier(role.name)
  const statements = [
    // The verifier, not the password, because statements end up in logs, and this one in an error message too.
    `create role ${name} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password '${scramVerifier(role.password)}'`,
    `alter role ${name} set search_path = jackfield`,
    `alter role ${name} set statement_timeout = '25s'`,
    `alter role ${name} set idle_in_transaction_session_timeout = '60s'`,
  ]
  try {
    await owner.query(statements.join(";\n"))
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.code !== "42501") throw cause
    const message = `The user of DATABASE_URL may not create roles; have an administrator run this once, then start again:\n${statements.join(";\n")};`
    throw new PlatformError("store_unavailable", message, { cause })
  }
}

/**
 * Rejects a login that is a superuser, owns a table, belongs to a role or bypasses row-level security, because it
 * would see every workspace.
 */
async function refuseTooMuch(owner: pg.Client, role: AppRole): Promise<void> {
  const facts = await owner.query<{ strong: boolean; owns: boolean; member: boolean }>(
    `select rolsuper or rolbypassrls as strong,
       exists (select from pg_class c where c.relowner = r.oid) as owns,
       exists (select from pg_auth_members m where m.member = r.oid) as member
     from pg_roles r where rolname = $1`,
    [role.name],
  )
  const found = facts.rows[0]
  if (found && !found.strong && !found.owns && !found.member) return
  const message = `The hub's database login ${role.name} has more rights than the hub granted it; drop the role, and the hub creates it again.`
  throw new PlatformError("store_unavailable", message)
}

function grants(roleName: string): string {
  const name = pg.escapeIdentifier(roleName)
  return [
    `revoke all on all tables in schema jackfield from ${name}`,
    `grant usage on schema jackfield to ${name}`,
    ...Object.entries(GRANTS).map(([table, verbs]) => `grant ${verbs.join(", ")} on jackfield.${table} to ${name}`),
    `revoke all on all functions in schema jackfield from public`,
    ...FUNCTIONS.map((signature) => `grant execute on function jackfield.${signature} to ${name}`),
  ].join(";\n")
}

/** The SCRAM-SHA-256 verifier of a password as PostgreSQL stores it (RFC 5803, 4096 rounds). */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256")
  const clientKey = createHmac("sha256", salted).update("Client Key").digest()
  const storedKey = createHash("sha256").update(clientKey).digest("base64")
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64")
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${storedKey}:${serverKey}`
}
