import { registerHooks } from "node:module"

// Opens one connector in a process of its own and prints what was loaded: modules of packages, by package, and modules of the hub's own.

const loaded = new Map<string, number>()
registerHooks({
  load(url, context, next) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1] ?? (url.startsWith("file:") ? "" : undefined)
    if (found !== undefined) loaded.set(found, (loaded.get(found) ?? 0) + 1)
    return next(url, context)
  },
})
const { registry } = await import("../src/connectors/index.ts")
const { attempt, configWith } = await import("../test/egress/configs.ts")
const { testLease } = await import("../test/support/lease.ts")
const [type = ""] = process.argv.slice(2)
const connector = registry.find(type)
if (connector === undefined) throw new Error(`There is no type ${type}.`)
// What every type needs is there by now: the registry, and the door with its HTTP client.
await testLease().close()
const before = new Map(loaded)
// The address is of nobody, so that the attempt ends once its client is there and dials.
await using lease = testLease({ deadlineMs: 5_000 })
await attempt(connector, configWith(connector.fields, { path: ["host"], value: "127.0.0.1", port: 9 }), lease)
const added = [...loaded].flatMap(([name, many]) => (many > (before.get(name) ?? 0) ? [[name, many - (before.get(name) ?? 0)] as const] : []))
console.log(JSON.stringify({ before: Object.fromEntries(before), added: Object.fromEntries(added) }))
process.exit(0)
