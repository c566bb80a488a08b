import type { Run } from "./caller.ts"

/** One attack: the connectors that an editor makes, and the requests with them. */
export interface Attack {
  readonly what: string
  readonly atOnce: number
  readonly neverReads?: boolean
  /** Type and config of each connector, given the origin of the attacker's server. */
  readonly connectors: (origin: string) => readonly { readonly type: string; readonly config: object }[]
  /** The requests with the connectors of these names. */
  readonly requests: (names: readonly string[]) => Run["requests"]
}

const call = (name: string, timeoutMs = 30_000) => ({ method: "POST", path: `/v1/connectors/${name}/call`, body: JSON.stringify({ timeoutMs }) })
const lines = (name: string) => ({ ...call(name), accept: "application/x-ndjson" })
const rows = (name: string, stream: string, accept = "application/x-ndjson") => ({
  method: "GET",
  path: `/v1/connectors/${name}/rows?stream=${encodeURIComponent(JSON.stringify([stream]))}`,
  accept,
})
const http = (config: object) => ({ type: "http", config: { retries: 0, ...config } })

const LOOPS = `${"{% for a in range(9999) %}".repeat(3)}${"{% endfor %}".repeat(3)}1`
const DOUBLING = '{% set n = namespace(s="aaaaaaaa") %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}"{{ n.s }}"'
const LISTS = "{% set n = namespace(l=[1]) %}{% for i in range(90) %}{% set n.l = n.l + n.l %}{% endfor %}1"
const RECURSION = "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}"

const SLOW_EXPRESSIONS = [
  "sort_by(@, &to_string(@))",
  "max_by(@, &to_string([to_string(@), to_string(@)]))",
  "group_by(@, &to_string(@))",
  "sort(map(&to_string(@), @))",
  "join('', map(&to_string(@), @))",
  "zip(@, @, @, @)",
  "[?contains(to_string(@), 'yyyy')]",
  "[*].split(text, 'x')",
]

/** The attacks of an editor against everybody else on the hub. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  scrub: {
    what: "a token of 4,000 equal letters, and a failure of 61 KiB of them",
    atOnce: 4,
    connectors: (origin) => [http({ url: `${origin}/echo`, auth: { kind: "bearer", token: "a".repeat(4_000) } })],
    requests: (names) => names.map((name) => call(name)),
  },
  gzip: {
    what: "40 calls at once, 10 KB of gzip each that become 10 MiB of numbers, lists, exponents or members",
    atOnce: 40,
    connectors: (origin) => ["numbers", "lists", "exponents", "members"].map((path) => http({ url: `${origin}/${path}` })),
    requests: (names) => names.map((name) => call(name)),
  },
  values: {
    what: "40 calls at once, as many values in each answer as it may have, as JSON and as lines",
    atOnce: 40,
    connectors: (origin) => ["million", "exponents-million", "many-records", "one-text", "digits"].map((path) => http({ url: `${origin}/${path}` })),
    requests: (names) => names.flatMap((name) => [call(name), lines(name)]),
  },
  streams: {
    what: "16 reads at once of such answers as a stream of rows",
    atOnce: 16,
    connectors: (origin) => ["million", "many-records", "exponents-million"].map((path) => http({ url: `${origin}/${path}` })),
    requests: (names) => names.map((name, index) => rows(name, ["million", "many-records", "exponents-million"][index] ?? "")),
  },
  expressions: {
    what: "16 calls at once with expressions that sort, group, join and split 10 MiB",
    atOnce: 16,
    connectors: (origin) =>
      SLOW_EXPRESSIONS.flatMap((records) => [http({ url: `${origin}/records`, records }), http({ url: `${origin}/many-records`, records })]),
    requests: (names) => names.map((name) => call(name)),
  },
  templates: {
    what: "100 template bombs at once",
    atOnce: 100,
    connectors: (origin) => [LOOPS, DOUBLING, LISTS, RECURSION].map((bodyTemplate) => http({ url: `${origin}/small`, method: "POST", bodyTemplate })),
    requests: (names) => names.map((name) => call(name)),
  },
  readers: {
    what: "100 connections that ask for 10 MiB and never read",
    atOnce: 100,
    neverReads: true,
    connectors: (origin) => [http({ url: `${origin}/one-text` })],
    requests: (names) => names.flatMap((name) => [call(name), lines(name)]),
  },
  bodies: {
    what: "16 requests at once with hostile JSON of 1 MiB",
    atOnce: 16,
    connectors: (origin) => [http({ url: `${origin}/small`, method: "POST", body: [{ name: "a" }] })],
    requests: (names) =>
      [
        `{"input":{"a":[${"1,".repeat(49_000)}1]}}`,
        `{"input":{"a":[${"1e5,".repeat(49_000)}1]}}`,
        `{"input":{${Array.from({ length: 48_000 }, (_, index) => `"m${index}":1`).join()}}}`,
        `{"input":{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}}`,
        `{"input":{"a":[${'{"__proto":1},'.repeat(24_000)}1]}}`,
        `{${Array.from({ length: 48_000 }, (_, index) => `"m${index}":1`).join()}}`,
        `{"input":{"a":[${'{"":[]},'.repeat(16_000)}1]}}`,
      ].flatMap((body) => names.map((name) => ({ method: "POST", path: `/v1/connectors/${name}/call`, body }))),
  },
  configs: {
    what: "16 requests at once that create connectors with hostile templates, expressions and lists",
    atOnce: 16,
    connectors: () => [],
    requests: () =>
      [
        { url: "https://a.example/", method: "POST", bodyTemplate: `${"{{a}}".repeat(13_000)}(` },
        { url: "https://a.example/", method: "POST", bodyTemplate: `${Array.from({ length: 6_000 }, (_, index) => `{{v${index}}}`).join("")}{{` },
        { url: "https://a.example/", method: "POST", bodyTemplate: `${"{% set a=b %}".repeat(4_500)}{%` },
        {
          url: "https://a.example/",
          records: `${"!".repeat(1_990)})`,
          success: `${"a||".repeat(660)})`,
          paging: { kind: "link", next: `${"a.".repeat(990)}.b` },
        },
        { url: "https://a.example/", parameters: Array.from({ length: 20_000 }, (_, index) => ({ name: `p${index % 10}`, value: "" })) },
        { url: "https://a.example/", headers: Array.from({ length: 20_000 }, () => ({ name: "a b", value: "é☃" })) },
        { url: `https://a.example/${"{{".repeat(500)}` },
      ].map((config, index) => ({
        method: "POST",
        path: "/v1/connectors",
        body: JSON.stringify({ name: `hostile-${index}`, type: "http", config, verify: false }),
      })),
  },
  csv: {
    what: "8 reads at once of hostile CSV of 60 MiB",
    atOnce: 8,
    connectors: (origin) =>
      ["csv-line", "csv-quotes", "csv-columns", "csv-open-quote"].map((path) => ({
        type: "csv",
        config: { source: { kind: "url", url: `${origin}/${path}` } },
      })),
    requests: (names) => names.map((name, index) => rows(name, ["csv-line", "csv-quotes", "csv-columns", "csv-open-quote"][index] ?? "")),
  },
}
