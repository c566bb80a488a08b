import type { Fault } from "../core/errors.ts"
import { isPlainRow } from "../core/fields.ts"
import { didYouMean } from "../core/nearest.ts"
import type { Wire } from "../wire.ts"
import { usage } from "./failure.ts"

/** One value for one field, by its dotted path: `tls.kind=verify`, `headers.0.name=Accept`. */
export interface Assignment {
  readonly path: string
  readonly value: string
  /**
   * The source of the value: `secret` for a prompt, the environment or a file; `plain` for an argument, which other
   * users of the machine can see.
   */
  readonly via: "plain" | "secret"
}

/** Splits `a.b=value`; the value may contain `=` or be empty. */
export function parseAssignment(text: string, option: string): { path: string; value: string } {
  const at = text.indexOf("=")
  if (at <= 0) throw usage(`${option} needs a path and a value.`, `Write ${option} path=value, for example --set host=db.example.com.`)
  return { path: text.slice(0, at), value: text.slice(at + 1) }
}

interface Node {
  leaf?: Assignment
  readonly children: Map<string, Node>
}

type Plain = Readonly<Record<string, unknown>>

/**
 * Applies assignments to a config (from a file, or empty) by the type's fields: numbers become numbers, list indexes
 * lists. Reports all faults at once as one usage failure; its text never contains a value.
 */
export function assignConfig(fields: readonly Wire["Field"][], assignments: readonly Assignment[], base: Plain = {}): Record<string, unknown> {
  const root: Node = { children: new Map() }
  const faults: Fault[] = []
  for (const each of assignments) insert(root, each, faults)
  const config = assignFields(fields, root, base, "", faults)
  if (faults.length > 0) throw usage(faults.length === 1 ? (faults[0]?.message ?? "") : `${faults.length} of the given fields are invalid.`, undefined, faults)
  return config
}

function insert(root: Node, assignment: Assignment, faults: Fault[]): void {
  let node = root
  for (const segment of assignment.path.split(".")) {
    let next = node.children.get(segment)
    if (next === undefined) {
      next = { children: new Map() }
      node.children.set(segment, next)
    }
    node = next
  }
  if (node.leaf !== undefined) faults.push({ pointer: pointerOf(assignment.path), message: `${assignment.path} is given twice.` })
  node.leaf = assignment
}

const pointerOf = (path: string): string => `/${path.split(".").join("/")}`
const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`)

function assignFields(
  fields: readonly Wire["Field"][],
  node: Node,
  base: Plain,
  path: string,
  faults: Fault[],
  known: readonly string[] = [],
): Record<string, unknown> {
  const out: Record<string, unknown> = { ...base }
  for (const [name, child] of node.children) {
    if (known.includes(name)) continue
    const field = fields.find((each) => each.name === name)
    const place = join(path, name)
    if (field === undefined) {
      const names = [...known, ...fields.map((each) => each.name)]
      faults.push({
        pointer: pointerOf(place),
        message: `There is no field "${place}"; the fields are ${names.map((each) => join(path, each)).join(", ")}.${didYouMean(name, names)}`,
      })
    } else out[name] = assign(field, child, base[name], place, faults, beside(node, base))
  }
  return out
}

/** `row` has the plain values in the same row as the field, which may show that the field is not a secret. */
function assign(field: Wire["Field"], node: Node, base: unknown, path: string, faults: Fault[], row: Plain): unknown {
  const fault = (message: string): undefined => {
    faults.push({ pointer: pointerOf(path), message: `${path} ${message}` })
  }
  if (field.kind === "variant") return assignVariant(field, node, base, path, faults, fault)
  if (field.kind === "list") return assignList(field, node, base, path, faults, fault)
  const inner = node.children.keys().next().value
  if (inner !== undefined) return fault(`has no parts; "${join(path, inner)}" does not exist.`)
  if (node.leaf === undefined) return undefined
  return scalar(field, node.leaf, fault, row)
}

function scalar(field: Wire["Field"], { value, via, path }: Assignment, fault: (message: string) => undefined, row: Plain): unknown {
  if (field.kind === "secret") {
    if (via === "secret" || isPlainRow(field, row)) return value
    const name = path.split(".").at(-1)?.toUpperCase()
    return fault(
      `is a secret, and arguments are visible to every user of this machine and stored in the shell's history; use --secret ${path}, --secret-env ${path}=${name} --secret-file ${path}=FILE, or --config FILE.`,
    )
  }
  if (via === "secret") return fault(`is not a secret; use --set ${path}=… or --set-file ${path}=FILE.`)
  if (field.kind === "integer") return /^-?\d{1,15}$/.test(value) ? Number(value) : fault("must be a whole number.")
  if (field.kind === "flag") return value === "true" || value === "false" ? value === "true" : fault("must be true or false.")
  if (field.kind === "choice" && !field.options?.includes(value)) return fault(`must be one of ${(field.options ?? []).join(", ")}.`)
  return value
}

function assignVariant(field: Wire["Field"], node: Node, base: unknown, path: string, faults: Fault[], fault: (message: string) => undefined): unknown {
  const variants = field.variants ?? []
  const kinds = variants.map(({ kind }) => kind)
  if (node.leaf !== undefined) return fault(`is one of several alternatives; use --set ${path}.kind=${kinds.join("|")}.`)
  const before = isRecord(base) ? base : {}
  const given = node.children.get("kind")?.leaf?.value
  const names = [...node.children.keys()].filter((name) => name !== "kind")
  const fitting = variants.filter(({ fields }) => names.every((name) => fields.some((each) => each.name === name)))
  const implied = [before["kind"], isRecord(field.default) ? field.default["kind"] : undefined].find((kind) => fitting.some((each) => each.kind === kind))
  const kind = given ?? implied ?? (fitting.length === 1 ? fitting[0]?.kind : undefined)
  const chosen = variants.find((each) => each.kind === kind)
  if (chosen === undefined)
    return fault(given === undefined ? `needs its kind; add --set ${path}.kind=${kinds.join("|")}.` : `must have one of the kinds ${kinds.join(", ")}.`)
  const same = before["kind"] === chosen.kind ? before : {}
  return { ...assignFields(chosen.fields, node, same, path, faults, ["kind"]), kind: chosen.kind }
}

function assignList(field: Wire["Field"], node: Node, base: unknown, path: string, faults: Fault[], fault: (message: string) => undefined): unknown {
  if (node.leaf !== undefined) return fault(`is a list; use --set ${path}.0.${field.fields?.[0]?.name ?? "name"}=….`)
  const rows: unknown[] = Array.isArray(base) ? [...(base as unknown[])] : []
  const wrong = [...node.children.keys()].find((segment) => !/^(0|[1-9]\d{0,3})$/.test(segment))
  if (wrong !== undefined) return fault(`is a list; in "${join(path, wrong)}", use a number instead of the name, counted from 0.`)
  for (const index of [...node.children.keys()].map(Number).sort((a, b) => a - b)) {
    if (index > rows.length) return fault(`has an entry ${index}, but no entry ${rows.length}; entries are counted from 0 without gaps.`)
    const row = rows[index]
    rows[index] = assignFields(field.fields ?? [], node.children.get(String(index)) as Node, isRecord(row) ? row : {}, `${path}.${index}`, faults)
  }
  return rows
}

/**
 * The secret field at a dotted path; undefined if the path is not a secret. Commands check this before they ask for a
 * value.
 */
export function secretAt(fields: readonly Wire["Field"][], path: string): Wire["Field"] | undefined {
  const [name = "", ...rest] = path.split(".")
  const field = fields.find((each) => each.name === name)
  if (field === undefined) return undefined
  if (rest.length === 0) return field.kind === "secret" ? field : undefined
  if (field.kind === "list") return secretAt(field.fields ?? [], rest.slice(1).join("."))
  return (field.variants ?? []).map((each) => secretAt(each.fields, rest.join("."))).find((found) => found !== undefined)
}

/** A field whose value a person is asked for. */
export interface Question {
  readonly path: string
  readonly field: Wire["Field"]
}

/**
 * The first required field that the config lacks, including those in variants and in rows of lists; undefined if it
 * lacks none.
 */
export function firstMissing(fields: readonly Wire["Field"][], config: Plain, path = ""): Question | undefined {
  for (const field of fields) {
    const place = join(path, field.name)
    const value = config[field.name]
    if (value === undefined && field.required) return { path: place, field }
    const given = value ?? field.default
    const inner = isRecord(given) ? field.variants?.find(({ kind }) => kind === given["kind"])?.fields : undefined
    const missing =
      inner !== undefined
        ? firstMissing(inner, given as Plain, place)
        : Array.isArray(given)
          ? given
              .map((row: unknown, index) => firstMissing(field.fields ?? [], isRecord(row) ? row : {}, `${place}.${index}`))
              .find((found) => found !== undefined)
          : undefined
    if (missing !== undefined) return missing
  }
  return undefined
}

/** The other values in a field's row: the given ones, or those of the base. */
const beside = ({ children }: Node, base: Plain): Plain => ({
  ...base,
  ...Object.fromEntries([...children].flatMap(([name, { leaf }]) => (leaf === undefined ? [] : [[name, leaf.value]]))),
})

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value)
