import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import { parseConfig } from "../../src/core/config.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import type { Field, Fields } from "../../src/core/fields.ts"
import { cli } from "../support/cli.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

type Plain = Record<string, unknown>

const PEM = "-----BEGIN PRIVATE KEY-----\nMIIB\n  indented: yes\n\n# no comment\n-----END PRIVATE KEY-----\n"
/** Texts that YAML, placeholders or a careless writer could misread. */
const ODD = [
  ...["123", "0x1f", "1e3", "-.inf", "true", "No", "null", "~", "", " ", " a ", "a: b", "- a", "# a", "a #b", "*a", "&a", "!tag", "%", "@", "`", "{a}", "[a]"],
  ...[
    "'",
    '"',
    "\\",
    "\\n",
    "a\nb",
    "a\n",
    "\n\na\n\n",
    "a\r\nb",
    "\ttab",
    "2026-01-01",
    "${",
    "$${",
    `\${env:HOME}`,
    "$${keep}",
    `\${keep}`,
    "$",
    "}",
    "<<",
    "---",
    "...",
  ],
  ...["Zoë 😀", "\u2028", "\u0085", "\ufeff", "\u00a0", "x".repeat(200), "a  \n  b\n", ">\n", "|\n", "=", "?", "? a", ": a", "key:", "\u0007", "\u001b[31m"],
]
const oddText = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => text.isWellFormed() && !text.includes("\u0000")),
)

const fitting = (field: Field): fc.Arbitrary<unknown> => {
  switch (field.format) {
    case "host":
      return fc.constantFrom("db.example.com", "127.0.0.1", "::1", "123")
    case "url":
      return fc.constantFrom("https://api.example.com/v1?a=$%7B&b=%23", `https://api.example.com/\${x}`)
    case "pem":
      return fc.constantFrom(PEM, PEM.trimEnd())
    default:
      return fc.oneof(oddText, fc.constantFrom("ORG-ACCOUNT", "X-Key", "abc"))
  }
}

function arbitraryOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "integer":
      return fc.integer({ min: field.min ?? 0, max: Math.min(field.max ?? 1_000_000, 2 ** 31) })
    case "flag":
      return fc.boolean()
    case "choice":
      return fc.constantFrom(...(field.options ?? []))
    case "list":
      // Until a row of a draft has a name, it is undecided whether its value is a secret.
      return fc.array(
        field.fields?.["name"] === undefined
          ? configOf(field.fields ?? {})
          : configOf(field.fields).filter((row) => row["name"] !== undefined && row["name"] !== ""),
        { maxLength: 3 },
      )
    case "variant":
      return fc.oneof(...Object.entries(field.variants ?? {}).map(([kind, { fields }]) => configOf(fields).map((inner) => ({ kind, ...inner }))))
    default:
      return fitting(field)
  }
}

const configOf = (fields: Fields): fc.Arbitrary<Plain> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryOf(field)])), { requiredKeys: [] }) as fc.Arbitrary<Plain>

/** The config without the values that its type rejects; a draft may lack them. */
function accepted(connector: AnyConnector, config: Plain): Plain {
  let left = config
  for (;;) {
    const { faults: own, plain } = parseConfig(connector.fields, left)
    const faults = [...own, ...(connector.contradictions?.(plain) ?? [])]
    if (faults.length === 0) return left
    const wrong = new Set(faults.map(({ pointer }) => pointer.split("/")[1]))
    left = Object.fromEntries(Object.entries(left).filter(([name]) => !wrong.has(name)))
  }
}

const bodyOf = (connector: AnyConnector): fc.Arbitrary<Plain> =>
  fc.record(
    {
      title: oddText,
      description: oddText,
      labels: fc.dictionary(fc.constantFrom("team", "123", "true", "a.b", "null"), oddText, { maxKeys: 3 }),
      purpose: fc.constantFrom("enrichment", "exporter", "simple", "source", "destination", null),
      limits: fc.constantFrom(null, { requests: 5, perMs: 1000 }, { concurrency: 1 }, { requests: 1 }, { concurrency: 3, perMs: 1, requests: 2 }),
      enabled: fc.boolean(),
      config: configOf(connector.fields).map((config) => accepted(connector, config)),
    },
    { requiredKeys: ["config"] },
  )

let one: string
let other: string

const hub = use(() => startHub({ JACKFIELD_ROLE: "api" }))
beforeAll(async () => {
  one = (await hub.workspace("one")).key
  other = (await hub.workspace("other")).key
})

const environment = (key: string): Record<string, string> => ({ JACKFIELD_URL: hub.url, JACKFIELD_KEY: key })

async function empty(key: string): Promise<void> {
  const { body } = await hub.call("GET", "/v1/connectors?limit=100", undefined, { key })
  for (const { id } of body.data) await hub.call("DELETE", `/v1/connectors/${id}`, undefined, { key })
}

/** The values for the placeholders in an export's header, from the configs that were sent. */
function secretsIn(text: string, sent: ReadonlyMap<string, Plain>): Record<string, string> {
  const left = new Map([...sent].map(([name, config]) => [name, leaves(config)]))
  const lines = [...text.matchAll(/^# {3}(\S+) +([^:\n]+): config\.(.*)$/gm)]
  return Object.fromEntries(
    lines.map(([, variable = "", name = "", path = ""]) => {
      // Rows with the same name have the same path, and are listed in their order.
      const value = left.get(name)?.get(path)?.shift()
      return [variable, typeof value === "string" ? value : "a-value"]
    }),
  )
}

function leaves(value: unknown, path: readonly string[] = [], out = new Map<string, unknown[]>()): Map<string, unknown[]> {
  if (Array.isArray(value))
    value.forEach((row: unknown, index) => {
      const { name } = (row ?? {}) as { name?: unknown }
      leaves(row, [...path, typeof name === "string" && /[A-Za-z0-9]/.test(name) ? name : String(index)], out)
    })
  else if (value !== null && typeof value === "object") for (const [name, each] of Object.entries(value)) leaves(each, [...path, name], out)
  else out.set(path.join("."), [...(out.get(path.join(".")) ?? []), value])
  return out
}

const NAMES = ["shop", "123", "true", "a-b", "a_b", "a.b", "1e3", "null", "A-B"]

describe.each(connectors.map((connector) => ({ type: connector.type, connector })))("$type", ({ type, connector }) => {
  test("export, apply to an empty hub, export again: the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bodyOf(connector), { minLength: 1, maxLength: NAMES.length }), async (bodies) => {
        await Promise.all([empty(one), empty(other)])
        const sent = new Map<string, Plain>()
        for (const [index, body] of bodies.entries()) {
          const name = NAMES[index] ?? ""
          const made = await hub.call("POST", "/v1/connectors", { ...body, name, type, draft: true }, { key: one })
          expect(made.status, made.text).toBe(201)
          if (index % 2 === 1) {
            const check = await hub.call("PUT", `/v1/connectors/${made.body.id}/check`, { everyMs: 604_800_000 - index }, { key: one })
            expect(check.status, check.text).toBe(200)
          }
          sent.set(name, body["config"] as Plain)
        }
        const first = await cli(["export"], environment(one))
        expect([first.code, first.stderr]).toEqual([0, ""])
        const secrets = secretsIn(first.stdout, sent)
        const applied = await cli(["apply", "-f", "-", "--yes"], { ...secrets, ...environment(other) }, first.stdout)
        expect([applied.code, applied.stderr]).toEqual([0, ""])
        const second = await cli(["export"], environment(other))
        expect(second.stdout).toBe(first.stdout)
        const again = await cli(["plan", "-f", "-", "--detailed-exitcode"], { ...secrets, ...environment(one) }, first.stdout)
        expect([again.code, again.stderr], again.stdout).toEqual([0, ""])
      }),
      { numRuns: 12 },
    )
  }, 120_000)
})
