import { networkInterfaces } from "node:os"
import { type AddressClass, bytesOf, classify, NEVER } from "./address.ts"
import { covers, formatRule, type Rule } from "./rules.ts"

/**
 * An address and port of the hub itself: its listener, its database. The unspecified address stands for all addresses
 * of this machine.
 */
export interface OwnPort {
  readonly address: string
  readonly port: number
}

/**
 * `reason` continues "10.1.2.3 is …"; `allowWith` is the argument for `jackfield egress allow`, absent if no rule can
 * allow the address.
 */
export type Verdict = { readonly allowed: true; readonly because: string } | { readonly allowed: false; readonly reason: string; readonly allowWith?: string }

export interface PolicyOptions {
  /** The allow-list from the environment. */
  readonly fixed?: readonly Rule[]
  /** The allow-list from the store, read at every judgement so that a change takes effect at once. */
  readonly rules?: () => readonly Rule[] | Promise<readonly Rule[]>
  /** The addresses and ports that must never be reached, whatever the allow-lists contain. */
  readonly protect?: () => readonly OwnPort[] | Promise<readonly OwnPort[]>
}

const SMTP = 25
const BEHIND_BASTION_NEVER: readonly AddressClass[] = [...NEVER, "link-local"]

/**
 * Decides whether an address may be dialled. Public addresses are allowed (except port 25), others need an operator's
 * rule, and the hub's own ports, metadata services and addresses that belong to no host are always denied. If a list
 * cannot be read, everything is denied.
 */
export class Policy {
  readonly #options: PolicyOptions

  constructor(options: PolicyOptions = {}) {
    this.#options = options
  }

  /** Judges a dial that the hub makes. */
  async judge(address: string, port: number): Promise<Verdict> {
    const { class: kind, canonical } = classify(address)
    const refused = await this.#never(canonical, port, kind, NEVER)
    if (refused) return refused
    const rule = await this.#rule(canonical, port)
    if (rule) return { allowed: true, because: `allowed by ${formatRule(rule)}` }
    if (kind !== "public") return { allowed: false, reason: `${article(kind)} address`, allowWith: exact(canonical, port) }
    if (port === SMTP) return { allowed: false, reason: "a mail server's port 25", allowWith: exact(canonical, port) }
    return { allowed: true, because: "public address" }
  }

  /** Judges a dial that an SSH bastion makes: its private network is allowed, its loopback only by a rule. */
  async judgeBehindBastion(address: string, port: number): Promise<Verdict> {
    const { class: kind, canonical } = classify(address)
    const refused = await this.#never(canonical, port, kind, BEHIND_BASTION_NEVER)
    if (refused) return refused
    const rule = await this.#rule(canonical, port)
    if (rule) return { allowed: true, because: `allowed by ${formatRule(rule)}` }
    if (kind === "loopback") return { allowed: false, reason: "a loopback address of the bastion", allowWith: exact(canonical, port) }
    if (port === SMTP) return { allowed: false, reason: "a mail server's port 25", allowWith: exact(canonical, port) }
    return { allowed: true, because: "behind the bastion" }
  }

  async #rule(canonical: string, port: number): Promise<Rule | undefined> {
    const bytes = bytesOf(canonical)
    if (bytes === undefined) return undefined
    const rules = [...(this.#options.fixed ?? []), ...((await this.#options.rules?.()) ?? [])]
    return rules.find((rule) => covers(rule, bytes, port))
  }

  async #never(canonical: string, port: number, kind: AddressClass, never: readonly AddressClass[]): Promise<Verdict | undefined> {
    if (bytesOf(canonical) === undefined) return { allowed: false, reason: "not an address that can be dialled" }
    if (never.includes(kind)) return { allowed: false, reason: `${article(kind)} address, which is never allowed` }
    const own = (await this.#options.protect?.()) ?? []
    return own.some((each) => each.port === port && same(each.address, canonical))
      ? { allowed: false, reason: "the hub's own listener or database, which is never allowed" }
      : undefined
  }
}

/** Whether two addresses are the same: every address of this machine reaches the same ports. */
function same(own: string, canonical: string): boolean {
  const mine = classify(own).canonical
  return mine === canonical || (isThisMachine(mine) && isThisMachine(canonical))
}

function isThisMachine(address: string): boolean {
  const { class: kind } = classify(address)
  if (kind === "loopback" || kind === "unspecified") return true
  return Object.values(networkInterfaces()).some((each) => each?.some((one) => classify(one.address).canonical === address))
}

const exact = (address: string, port: number): string => {
  const bytes = bytesOf(address) ?? []
  return formatRule({ bytes, prefix: bytes.length * 8, ports: { from: port, to: port } })
}

const article = (kind: AddressClass): string => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`)
