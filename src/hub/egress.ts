import { randomUUID } from "node:crypto"
import { PlatformError } from "../core/errors.ts"
import { formatRule, parseEgressRules, type Rule } from "../net/rules.ts"
import type { Store } from "../store/store.ts"
import { record } from "./audit/audit.ts"
import { notFound } from "./base/not-found.ts"
import type { Principal } from "./base/principal.ts"

export interface EgressRuleView {
  /** Null for a rule of the environment. */
  readonly id: string | null
  readonly rule: string
  readonly note: string
  readonly source: "environment" | "store"
  readonly createdAt: string | null
}

/** How long the rules that were read are used, so that another node's change takes effect within a second. */
const FRESH_MS = 1_000

/** The operators' allow-list of private destinations: the fixed rules of the environment, and the rules in the store. */
export class Egress {
  readonly #store: Store
  readonly fixed: readonly Rule[]
  #cached: { readonly rules: readonly Rule[]; readonly until: number } | undefined
  readonly #listeners: (() => void)[] = []
  #changes = 0

  constructor(store: Store, fixed: readonly Rule[]) {
    this.#store = store
    this.fixed = fixed
  }

  /** The rules in the store, at most a second old. A change that was made here takes effect at once. */
  async rules(): Promise<readonly Rule[]> {
    if (this.#cached !== undefined && this.#cached.until > performance.now()) return this.#cached.rules
    const changes = this.#changes
    const rows = await this.#store.asHub((tx) => tx.selectFrom("egress_rules").selectAll().execute())
    const rules = rows.flatMap((row) => parseEgressRules(spell(row)))
    // A change may have come during the read; its result is then not kept.
    if (changes === this.#changes) this.#cached = { rules, until: performance.now() + FRESH_MS }
    return rules
  }

  async list(): Promise<readonly EgressRuleView[]> {
    const rows = await this.#store.asHub((tx) => tx.selectFrom("egress_rules").selectAll().orderBy("created_at").orderBy("id").execute())
    const fixed = this.fixed.map((rule) => ({
      id: null,
      rule: formatRule(rule),
      note: "JACKFIELD_EGRESS_ALLOW",
      source: "environment" as const,
      createdAt: null,
    }))
    const stored = rows.map((row) => ({
      id: row.id,
      rule: spell(row),
      note: row.note ?? "",
      source: "store" as const,
      createdAt: row.created_at.toISOString(),
    }))
    return [...fixed, ...stored]
  }

  /** Allows one destination, with immediate effect. A rule that exists already is returned as it is. */
  async allow(by: Principal, text: string, note: string): Promise<EgressRuleView> {
    const rules = parseEgressRules(text)
    const [rule] = rules
    if (rule === undefined || rules.length > 1)
      throw new PlatformError("request_invalid", "Give exactly one rule, such as 10.0.0.0/8:5432.", {
        faults: [{ pointer: "/rule", message: "must be one rule." }],
      })
    const spelled = formatRule(rule)
    const same = (await this.list()).find((each) => each.source === "store" && each.rule === spelled)
    if (same !== undefined) return same
    const cidr = formatRule({ bytes: rule.bytes, prefix: rule.prefix })
    const ports = rule.ports === undefined ? {} : { port_from: rule.ports.from, port_to: rule.ports.to }
    const row = await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const made = await tx
        .insertInto("egress_rules")
        .values({ id: randomUUID(), cidr, ...ports, note, created_by: by.id })
        .returningAll()
        .executeTakeFirstOrThrow()
      await record(tx, by, { action: "egress.allow", target: { kind: "egress", id: made.id, name: spelled }, details: { note } })
      return made
    })
    this.#forget()
    return { id: row.id, rule: spelled, note, source: "store", createdAt: row.created_at.toISOString() }
  }

  /** Removes a rule from the store, by id or by its text, including copies that were added at the same moment. */
  async remove(by: Principal, ref: string): Promise<void> {
    const all = await this.list()
    const named = all.find((each) => each.id === ref) ?? all.find((each) => each.rule === ref)
    if (named === undefined)
      throw notFound(`There is no egress rule ${ref.slice(0, 100)}`, { things: "rules", path: "/v1/egress", command: "jackfield egress list" })
    const ids = all.flatMap(({ id, rule }) => (id === null || rule !== named.rule ? [] : [id]))
    if (ids.length === 0)
      throw new PlatformError("in_use", `The rule ${named.rule} comes from JACKFIELD_EGRESS_ALLOW; take it out there and start the hub again.`)
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      await tx.deleteFrom("egress_rules").where("id", "in", ids).execute()
      await record(tx, by, { action: "egress.deny", target: { kind: "egress", id: named.id ?? "", name: named.rule } })
    })
    this.#forget()
  }

  /** Calls the listener after each change that was made at this node. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  #forget(): void {
    this.#changes++
    this.#cached = undefined
    for (const listener of this.#listeners) listener()
  }
}

const spell = (row: { readonly cidr: string; readonly port_from: number | null; readonly port_to: number | null }): string => {
  if (row.port_from === null) return row.cidr
  const block = row.cidr.includes(":") ? `[${row.cidr}]` : row.cidr
  return `${block}:${row.port_from === row.port_to ? row.port_from : `${row.port_from}-${row.port_to}`}`
}
