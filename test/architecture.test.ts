import { execFileSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { floors, oneWayToUse } from "./architecture/floors.ts"
import { circles, formatsKnowNoStore } from "./architecture/graph.ts"
import { codeOf, importsOf, isTest, ROOT, read, type Source, target, under } from "./architecture/sources.ts"
import { MOST_LINES_OF_A_TYPE, sharedRuns, typeSizes } from "./architecture/types.ts"
import { circleWaivers, runWaivers, sizeWaivers } from "./waivers.ts"

/** A rule gives one sentence per violation; none means that it holds. */
type Rule = (source: Source) => string[]

/** A rule about all sources together. */
type WholeRule = (sources: readonly Source[]) => string[]

const packageOf = (name: string): string => name.split("/", name.startsWith("@") ? 2 : 1).join("/")

/** Who may import whom, the closest folder first. Everybody may import the own folder. */
const LAYERS: readonly (readonly [string, readonly string[]])[] = [
  ["src/core", []],
  ["src/net", ["src/core"]],
  ["src/store", ["src/core"]],
  // The vault keeps its wrapped keys in the store; the store knows nothing of it.
  ["src/vault", ["src/store", "src/core"]],
  // What it evaluates is what a connector found; its processes run the same code.
  ["src/evaluator", ["src/connectors/shared", "src/core"]],
  ["src/limits", ["src/store", "src/core"]],
  ["src/connectors", ["src/core"]],
  ["src/hub", ["src/connectors", "src/limits", "src/evaluator", "src/vault", "src/store", "src/net", "src/core"]],
  ["src/runs", ["src/hub", "src/connectors", "src/limits", "src/evaluator", "src/vault", "src/store", "src/net", "src/core"]],
  // Of the store, those who answer requests see the types of its rows alone.
  ["src/api", ["src/runs", "src/hub", "src/connectors", "src/core", "src/store/database.ts"]],
  ["src/compat", ["src/api/mount.ts", "src/runs", "src/hub", "src/limits/workspace-rate.ts", "src/connectors", "src/core", "src/store/database.ts"]],
  // `check` runs the hub's own probe, so that it says what a saved connector's test would say.
  ["src/cli/local", ["src/store", "src/vault", "src/net", "src/connectors", "src/core", "src/cli", "src/hub/probes/probe.ts"]],
  ["src/cli", ["src/core", "src/cli/local", "src/wire.ts", "src/main.ts"]],
]

const layers: Rule = (source) => {
  const layer = LAYERS.find(([folder]) => under(source.path, folder))
  if (layer === undefined || isTest(source.path)) return []
  const [folder, below] = layer
  return importsOf(source.text).flatMap((each) => {
    const to = target(source, each)
    const fine = !to.startsWith("src/") || [folder, ...below].some((allowed) => under(to, allowed))
    return fine ? [] : [`${source.path} imports ${to}; ${folder} may import ${below.join(", ") || "nobody"} alone.`]
  })
}

/** A connector is one file, or a file and a folder of its name; it sees core and connectors/shared. */
const connectorsApart: Rule = (source) => {
  const name = /^src\/connectors\/([^/.]+)/.exec(source.path)?.[1]
  if (name === undefined || name === "index" || isTest(source.path)) return []
  const allowed = ["src/core", "src/connectors/shared", `src/connectors/${name}`, `src/connectors/${name}.ts`]
  return importsOf(source.text).flatMap((each) => {
    const to = target(source, each)
    return !to.startsWith("src/") || allowed.some((path) => under(to, path))
      ? []
      : [`${source.path} imports ${to}; a connector imports core and connectors/shared alone.`]
  })
}

const compatApart: Rule = (source) => {
  const name = /^src\/compat\/([^/.]+)\//.exec(source.path)?.[1]
  if (name === undefined) return []
  return importsOf(source.text).flatMap((each) => {
    const other = /^src\/compat\/([^/.]+)\//.exec(target(source, each))?.[1]
    return other === undefined || other === name ? [] : [`${source.path} imports the compatible API ${other}; a compatible API imports no other.`]
  })
}

/** Folders that only their owners reach by a plain import; a client library is loaded when a connection is made. */
const lazyClients: Rule = (source) => {
  const lazy = under(source.path, "src/connectors") ? undefined : under(source.path, "src/net") ? ["ssh2"] : []
  if (isTest(source.path)) return []
  return importsOf(source.text)
    .filter(
      ({ from, kind }) => kind === "value" && !from.startsWith(".") && !from.startsWith("node:") && (lazy === undefined || lazy.includes(packageOf(from))),
    )
    .map(({ from }) => `${source.path} imports ${from} at once; load it by \`await import()\` when it is needed.`)
}

const NETWORK = ["net", "tls", "dgram", "dns", "dns/promises", "http", "https", "http2"].flatMap((name) => [name, `node:${name}`]).concat("undici")

/** Files outside src/net that may import a network module, each with the reason why that opens no second door. */
const NETWORK_EXCEPTIONS: Readonly<Record<string, { readonly modules: readonly string[]; readonly reason: string }>> = {
  "src/core/text-format.ts": { modules: ["node:net"], reason: "isIPv6, which is a pure function" },
  "src/hub/base/settings.ts": { modules: ["node:net"], reason: "isIP, which is a pure function" },
  "src/store/reach.ts": { modules: ["node:net"], reason: "sees whether the embedded server's port on loopback is free" },
  "src/store/store.ts": { modules: ["node:net", "node:dns/promises"], reason: "resolves the operator's own DATABASE_URL, so that the policy can protect it" },
  "src/store/cluster.ts": { modules: ["node:net"], reason: "asks for a free port on loopback for the hub's own database" },
}

const oneDoor: Rule = (source) => {
  if (under(source.path, "src/net") || isTest(source.path)) return []
  const allowed = NETWORK_EXCEPTIONS[source.path]?.modules ?? []
  const imported = importsOf(source.text)
    .filter(({ from, kind }) => kind !== "type" && NETWORK.includes(from) && !allowed.includes(from))
    .map(({ from }) => `${source.path} imports ${from}; only src/net opens the network.`)
  // The command line is a client of the hub's API; it reaches nothing else.
  const fetches = !under(source.path, "src/cli") && /(?<![.\w])fetch\(/.test(codeOf(source.text))
  return fetches ? [...imported, `${source.path} calls fetch; only src/net opens the network.`] : imported
}

const PROCESS_OWNERS = ["src/main.ts", "src/cli/main.ts"]

const environmentAtTheEdge: Rule = (source) => {
  if (PROCESS_OWNERS.includes(source.path) || isTest(source.path)) return []
  const uses = [...new Set(codeOf(source.text).match(/\bprocess\.(env|exit|exitCode)\b/g) ?? [])]
  const imports = importsOf(source.text).some(({ from, kind }) => kind !== "type" && from === "node:process") ? ["node:process"] : []
  return [...uses, ...imports].map((use) => `${source.path} uses ${use}; only ${PROCESS_OWNERS.join(" and ")} do.`)
}

const quietConnectors: Rule = (source) =>
  under(source.path, "src/connectors") && !isTest(source.path) && /\bconsole\./.test(codeOf(source.text))
    ? [`${source.path} uses console; a connector logs by call.log.`]
    : []

/** `createRequire` may find a file (`resolve`); in a connector there is none to find. */
const literalImports: Rule = (source) => {
  const code = codeOf(source.text)
  const computed = /\bimport\(\s*[^"\s)]/.test(code) || (under(source.path, "src/connectors") && /\bcreateRequire\b/.test(code))
  return computed ? [`${source.path} imports a module whose name is computed; write the name out, so that these rules see it.`] : []
}

const MOST_LINES = 400
/** Migrations are never split, and generated files are as long as their source makes them. */
const OF_ANY_SIZE = ["src/store/migrations", "src/wire.ts"]

const size: Rule = (source) => {
  const lines = source.text.split("\n").length - (source.text.endsWith("\n") ? 1 : 0)
  return OF_ANY_SIZE.some((path) => under(source.path, path)) || lines <= MOST_LINES
    ? []
    : [`${source.path} has ${lines} lines; split it by noun, ${MOST_LINES} is the most.`]
}

const wholeSuite: Rule = (source) =>
  /\b(test|it|describe|suite)(\.\w+)*\.only\(/.test(codeOf(source.text)) ? [`${source.path} runs only some of its tests; take the "only" out.`] : []

const RULES: Readonly<Record<string, Rule>> = {
  layers,
  connectorsApart,
  compatApart,
  lazyClients,
  oneDoor,
  environmentAtTheEdge,
  quietConnectors,
  literalImports,
  size,
  wholeSuite,
  floors,
  oneWayToUse,
}

const WHOLE_RULES: Readonly<Record<string, WholeRule>> = {
  circles: (sources) => circles(sources, []),
  formatsKnowNoStore,
  typeSizes: (sources) => typeSizes(sources, []),
  sharedRuns: (sources) => sharedRuns(sources, []),
}

const sources = read("src")
const everything = [...sources, ...["test", "scripts", "bench", "bin"].flatMap(read)]

describe("the sources keep to", () => {
  test.each(Object.keys(RULES))("%s", (name) => {
    const files = name === "size" || name === "wholeSuite" ? everything : sources
    expect(files.length).toBeGreaterThan(10)
    expect(files.flatMap((source) => RULES[name]?.(source) ?? [])).toEqual([])
  })

  test("no circles, but for the places that are waived", () => {
    expect(circles(sources, circleWaivers)).toEqual([])
  })

  test("formats that know no store", () => {
    expect(formatsKnowNoStore(sources)).toEqual([])
  })

  test("types of at most so many lines, or as many as their waivers say", () => {
    expect(typeSizes(sources, sizeWaivers)).toEqual([])
  })

  test("no run of eight lines in two types, or as many as the waivers say", () => {
    expect(sharedRuns(sources, runWaivers)).toEqual([])
  })

  test("the exceptions to one door, each of which is still needed", () => {
    const stale = Object.entries(NETWORK_EXCEPTIONS).filter(([path, { modules }]) => {
      const source = sources.find((each) => each.path === path)
      return source === undefined || modules.some((module) => !importsOf(source.text).some(({ from, kind }) => kind !== "type" && from === module))
    })
    expect(stale.map(([path]) => path)).toEqual([])
  })
})

/** For each rule: where a violation would stand, the violation, and the nearest thing that is allowed. */
const EXAMPLES: readonly (readonly [rule: string, path: string, wrong: string, right: string])[] = [
  ["layers", "src/core/x.ts", 'import { Door } from "../net/door.ts"', 'import { open } from "./session.ts"'],
  ["layers", "src/net/x.ts", 'export * from "../hub/tests.ts"', 'export * from "../core/trace.ts"'],
  ["layers", "src/hub/x.ts", 'const api = await import("../api/server.ts")', 'const net = await import("../net/door.ts")'],
  ["layers", "src/cli/x.ts", 'import {\n  openStore,\n} from "../store/store.ts"', 'import {\n  STAGES,\n} from "../core/trace.ts"'],
  ["layers", "src/cli/local/x.ts", 'import { hub } from "../../hub/hub.ts"', 'import { openStore } from "../../store/store.ts"'],
  ["layers", "src/api/x.ts", 'import type { Store } from "../store/store.ts"', 'import type { Hub } from "../hub/hub.ts"'],
  ["connectorsApart", "src/connectors/mysql.ts", 'import { ident } from "./postgres/sql.ts"', 'import { ident } from "./shared/sql.ts"'],
  ["connectorsApart", "src/connectors/postgres/read.ts", 'import { http } from "../http.ts"', 'import { ident } from "./ident.ts"'],
  ["compatApart", "src/compat/databar/x.ts", 'import { mask } from "../kaireon/mask.ts"', 'import { mask } from "./mask.ts"'],
  ["lazyClients", "src/connectors/mysql.ts", 'import mysql from "mysql2"', 'import type { Connection } from "mysql2"\nconst mysql = await import("mysql2")'],
  ["lazyClients", "src/net/tunnel.ts", 'import { Client } from "ssh2"', 'import { Agent } from "undici"'],
  ["oneDoor", "src/hub/x.ts", 'import { connect } from "node:tls"', 'import type { TLSSocket } from "node:tls"'],
  ["oneDoor", "src/hub/x.ts", 'const dns = await import("dns/promises")', 'const dns = "dns/promises"'],
  ["oneDoor", "src/connectors/x.ts", "const answer = await fetch(url)", "// fetch(url) is banned\nconst page = client.fetch(url)"],
  ["environmentAtTheEdge", "src/store/x.ts", "const url = process.env.DATABASE_URL", "// process.env.DATABASE_URL\nconst pid = process.pid"],
  ["environmentAtTheEdge", "src/cli/keys.ts", "process.exit(1)", "process.on(name, stop)"],
  ["environmentAtTheEdge", "src/api/x.ts", 'import { env } from "node:process"', 'import { cpus } from "node:os"'],
  ["quietConnectors", "src/connectors/mysql.ts", "console.log(row)", 'call.log("console.log")'],
  ["literalImports", "src/hub/x.ts", "const driver = await import(name)", 'const pg = await import("pg")'],
  ["literalImports", "src/connectors/x.ts", "const require = createRequire(import.meta.url)", "const here = import.meta.url"],
  ["size", "src/hub/x.ts", "x\n".repeat(MOST_LINES + 1), "x\n".repeat(MOST_LINES)],
  ["floors", "src/hub/base/x.ts", 'import type { Store } from "../audit/audit.ts"', 'import { pageOf } from "./page.ts"'],
  ["floors", "src/hub/people/x.ts", 'import { Uploads } from "../uploads/uploads.ts"', 'import { record } from "../audit/audit.ts"'],
  ["floors", "src/hub/queries/x.ts", 'import type { Hub } from "../hub.ts"', 'import type { Catalogs } from "../catalogs/catalogs.ts"'],
  ["floors", "src/connectors/shared/put.ts", 'import { ident } from "./sql/dialect.ts"', 'import { toJson } from "./json.ts"'],
  ["floors", "src/connectors/shared/http/client.ts", 'import { verbs } from "../sql/verbs.ts"', 'import { secure } from "../tls.ts"'],
  ["floors", "src/connectors/shared/files/url.ts", 'import { ident } from "../sql/dialect.ts"', 'import { send } from "../http/client.ts"'],
  ["connectorsApart", "src/connectors/shared/sql/pg/wire.ts", 'import { postgres } from "../../../postgres.ts"', 'import { dialect } from "../dialect.ts"'],
  ["oneWayToUse", "src/hub/queries/x.ts", 'import { open } from "../../core/session.ts"', 'import type { Session } from "../../core/session.ts"'],
  ["oneWayToUse", "src/runs/x.ts", 'const { open } = await import("../core/session.ts")', 'import type { Uses } from "../hub/connectors/uses.ts"'],
  ["wholeSuite", "test/x.test.ts", `test${".only"}("x", () => {})`, 'test("x", () => {})'],
]

type Files = Readonly<Record<string, string>>

const lines = (from: number, count: number): string => Array.from({ length: count }, (_, index) => `const line${from + index} = ${index}\n`).join("")
const FILES = "src/connectors/shared/files"

/** For each rule about all sources: files that violate it, and the nearest ones that do not. */
const WHOLE_EXAMPLES: readonly (readonly [rule: string, what: string, wrong: Files, right: Files])[] = [
  [
    "circles",
    "between two files, by a type",
    { "src/net/a.ts": 'import { b } from "./b.ts"', "src/net/b.ts": 'import type { A } from "./a.ts"' },
    { "src/net/a.ts": 'import { b } from "./b.ts"', "src/net/b.ts": 'import { c } from "./c.ts"', "src/net/c.ts": "" },
  ],
  [
    "circles",
    "between two folders whose files have none",
    { "src/net/a/one.ts": 'import "../b/one.ts"', "src/net/b/two.ts": 'import "../a/two.ts"', "src/net/a/two.ts": "", "src/net/b/one.ts": "" },
    { "src/net/a/one.ts": 'import "../b/one.ts"', "src/net/a/two.ts": 'import "../b/two.ts"', "src/net/b/one.ts": "", "src/net/b/two.ts": "" },
  ],
  [
    "formatsKnowNoStore",
    "by way of another file",
    { [`${FILES}/csv/format.ts`]: 'import "../list.ts"', [`${FILES}/list.ts`]: 'import type { Store } from "./store.ts"', [`${FILES}/store.ts`]: "" },
    { [`${FILES}/csv/format.ts`]: 'import "../source.ts"', [`${FILES}/source.ts`]: "", [`${FILES}/store.ts`]: 'import "./csv/format.ts"' },
  ],
  [
    "typeSizes",
    "over two files",
    { "src/connectors/mysql.ts": lines(0, 100), "src/connectors/mysql/wire.ts": lines(100, MOST_LINES_OF_A_TYPE - 99) },
    {
      "src/connectors/mysql.ts": lines(0, 100),
      "src/connectors/mysql/wire.ts": lines(100, MOST_LINES_OF_A_TYPE - 100),
      "src/connectors/mysql/x.test.ts": lines(0, 9),
    },
  ],
  [
    "sharedRuns",
    "with other blanks and comments",
    { "src/connectors/mysql.ts": lines(0, 8), "src/connectors/csv/read.ts": lines(0, 8).replaceAll("const ", "\n// a comment\n}\n  const  ") },
    { "src/connectors/mysql.ts": `${lines(0, 7)}import { a } from "a"\n`, "src/connectors/csv/read.ts": `${lines(0, 7)}import { a } from "a"\n` },
  ],
]

describe("a violation is caught:", () => {
  test.each(EXAMPLES)("%s in %s", (name, path, wrong, right) => {
    const rule = RULES[name]
    expect(rule?.({ path, text: `${wrong}\n` })).toHaveLength(1)
    expect(rule?.({ path, text: right })).toEqual([])
  })

  test.each(WHOLE_EXAMPLES)("%s %s", (name, _what, wrong, right) => {
    const found = (files: Files) => WHOLE_RULES[name]?.(Object.entries(files).map(([path, text]) => ({ path, text })))
    expect(found(wrong)).toHaveLength(1)
    expect(found(right)).toEqual([])
  })

  test("a room of the hub without a floor", () => {
    expect(floors({ path: "src/hub/cellar/x.ts", text: "" })).toHaveLength(1)
    expect(floors({ path: "src/hub/base/x.ts", text: "" })).toEqual([])
  })

  test("a waiver that is larger than needed, or for nothing", () => {
    const sources = [
      { path: "src/connectors/mysql.ts", text: lines(0, 300) },
      { path: "src/connectors/csv.ts", text: lines(0, 20) },
    ]
    const sizes = (type: string, most: number) => typeSizes(sources, [{ type, lines: most, reason: "" }])
    expect([sizes("mysql", 300), sizes("mysql", 301).length, sizes("csv", 260).length, sizes("none", 300).length]).toEqual([[], 1, 2, 2])
    const runs = (count: number) => sharedRuns(sources, [{ types: ["mysql", "csv"], runs: count, reason: "" }])
    expect([runs(13), runs(14).length, runs(12).length]).toEqual([[], 1, 13])
    const circle = [
      { path: "src/net/a.ts", text: 'import "./b.ts"' },
      { path: "src/net/b.ts", text: 'import "./a.ts"' },
    ]
    const waived = (within: string) => circles(circle, [{ within, reason: "" }])
    expect([waived("src/net"), waived("src/hub").length]).toEqual([[], 2])
  })

  test("every rule has an example", () => {
    expect(new Set(EXAMPLES.map(([rule]) => rule))).toEqual(new Set(Object.keys(RULES)))
    expect(new Set(WHOLE_EXAMPLES.map(([rule]) => rule))).toEqual(new Set(Object.keys(WHOLE_RULES)))
  })
})

/** The packages that a fresh Node process loads when it imports `module`. */
function packagesLoadedBy(module: string): string[] {
  const script = `
    import { registerHooks } from "node:module"
    const loaded = new Set()
    registerHooks({ load(url, context, next) {
      const found = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)
      if (found) loaded.add(found[1])
      return next(url, context)
    } })
    await import(${JSON.stringify(module)})
    console.log(JSON.stringify([...loaded].sort()))`
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: ROOT, encoding: "utf8", timeout: 20_000 })) as string[]
}

describe("the registry", () => {
  test("loads no client library", () => {
    expect(packagesLoadedBy(`${ROOT}/src/connectors/index.ts`)).toEqual([])
  })

  test("would be caught if it did", () => {
    expect(packagesLoadedBy("pg")).toContain("pg")
  })
})
