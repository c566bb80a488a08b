import { type Fault, PlatformError } from "../core/errors.ts"
import { type Block, bytesOf, classify, holds, NEVER, spell } from "./address.ts"

/** One entry of the operator's allow-list: a block of addresses and its ports; without `ports`, every port. */
export interface Rule extends Block {
  readonly ports?: { readonly from: number; readonly to: number }
}

/**
 * Reads an allow-list: `cidr[:port[-port]]`, comma-separated; an IPv6 block is written in brackets if a port follows.
 * Throws `config_invalid` with one fault per invalid entry.
 */
export function parseEgressRules(text: string): Rule[] {
  const rules: Rule[] = []
  const faults: Fault[] = []
  for (const entry of text.split(",").map((each) => each.trim())) {
    if (entry === "") continue
    const rule = parseRule(entry)
    if (typeof rule === "string") faults.push({ pointer: "", message: `"${entry}": ${rule}` })
    else rules.push(rule)
  }
  if (faults.length === 0) return rules
  throw new PlatformError("config_invalid", `The egress allow-list is wrong: ${faults.map((fault) => fault.message).join(" ")}`, { faults })
}

const SYNTAX = "an entry is cidr[:port[-port]], such as 10.0.0.0/8, 127.0.0.0/8:5432 or [fd00::/8]:5432-5439."

function parseRule(entry: string): Rule | string {
  const found = /^(?:\[([^\]]+)\]|([^[\]:]+)|([^[\]]+))(?::(\d{1,5})(?:-(\d{1,5}))?)?$/.exec(entry)
  // An IPv6 block without brackets is the whole entry; its last group is not a port.
  const bare = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d+)?$/i.test(entry)
  const block = bare ? entry : (found?.[1] ?? found?.[2])
  if (block === undefined) return SYNTAX
  const parsed = parseBlock(block)
  if (typeof parsed === "string" || bare || found?.[4] === undefined) return parsed
  const from = Number(found[4])
  const to = found[5] === undefined ? from : Number(found[5])
  return from < 1 || to > 65_535 || from > to ? "ports are 1 to 65535, the lower one first." : { ...parsed, ports: { from, to } }
}

function parseBlock(text: string): Block | string {
  const [, address = "", given] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bytes = bytesOf(address)
  if (bytes === undefined) return SYNTAX
  const bits = bytes.length * 8
  const prefix = given === undefined ? bits : Number(given)
  if (prefix > bits) return `a prefix is at most ${bits} here.`
  const network = bytes.map((byte, index) => byte & (0xff << Math.min(8, Math.max(0, 8 * (index + 1) - prefix))) & 0xff)
  if (network.some((byte, index) => byte !== bytes[index])) return `the block that contains this address is ${spell(network)}/${prefix}.`
  if (prefix === bits && NEVER.includes(classify(address).class)) return `${spell(bytes)} is never allowed (${classify(address).class}).`
  return { bytes, prefix }
}

/** The rule in the allow-list's notation: `10.0.0.0/8`, `[fd00::/8]:5432-5439`. */
export function formatRule(rule: Rule): string {
  const block = `${spell(rule.bytes)}/${rule.prefix}`
  if (rule.ports === undefined) return block
  const { from, to } = rule.ports
  return `${rule.bytes.length === 4 ? block : `[${block}]`}:${from === to ? from : `${from}-${to}`}`
}

/** Whether the rule opens that port of that address. */
export function covers(rule: Rule, bytes: readonly number[], port: number): boolean {
  return holds(rule, bytes) && (rule.ports === undefined || (port >= rule.ports.from && port <= rule.ports.to))
}
