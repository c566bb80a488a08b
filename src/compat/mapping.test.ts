import { describe, expect, test } from "vitest"
import { host, port, secret, text, variant } from "../core/fields.ts"
import type { Row, Settings } from "./mapping.ts"
import { faultsOf, lacking, readConfig } from "./read-config.ts"
import { digits, mustBeText, valuesByName, words } from "./values.ts"
import { exposedSecrets, storedDocument, writeDocument } from "./write-document.ts"

const MASK = "***"
const none = {}
const fields = {
  host: host("Host"),
  port: port("Port", { default: 5432 }),
  tls: variant("TLS", { verify: { title: "Verify", fields: {} }, off: { title: "Off", fields: {} } }, { default: "verify" }),
  auth: variant("Auth", { token: { title: "Token", fields: { token: secret("Token") } }, login: { title: "Login", fields: { user: text("User") } } }),
}
const ROWS: readonly Row[] = [
  { theirs: "/server", ours: "/host", required: true, check: mustBeText },
  { theirs: "/port", ours: "/port", ...digits },
  { theirs: "/tls", ours: "/tls/kind", ...words({ yes: "verify", no: "off" }) },
  { theirs: "/encrypt", ours: "/tls/kind", read: (on) => (on === true ? "verify" : "off"), write: (kind) => kind === "verify" },
  { theirs: "/login/kind", check: mustBeText, write: (_, { auth }) => (auth === undefined ? undefined : "any") },
  { theirs: "/login/token", ours: "/auth:token/token", required: true, secret: true, check: mustBeText },
  { theirs: "/login/user", ours: "/auth:login/user" },
  { theirs: "/login/realm", ours: "/auth:login/realm", absent: "main" },
  {
    theirs: ["/scheme", "/rest"],
    ours: "/url",
    read: (scheme, rest) => `${scheme}:${rest ?? ""}`,
    write: (url) => (typeof url === "string" ? url.split(":") : undefined),
  },
  { theirs: "/headers", ours: "/headers", ...valuesByName(MASK) },
  { theirs: "/page", ours: "/paging", oneWay: true, read: (page) => (page === "none" ? undefined : { size: page }) },
]
const CLEARED = { host: null, port: null, tls: null, auth: null, url: null, headers: null }
const read = (document: Settings, stored?: Settings) => readConfig(ROWS, document, { is: (value, row) => row.secret === true && value === MASK, stored })
const show = (config: Settings, sent?: Settings) => writeDocument(ROWS, config, { sent, mask: MASK, defaults: fields })

describe("a document as a config", () => {
  test.each<[string, Settings, Settings]>([
    ["an empty document clears every field except those that are read one way", none, CLEARED],
    ["values, converted", { server: "h", port: "99", tls: "no" }, { host: "h", port: 99, tls: { kind: "off" } }],
    ["null and an empty text count as absent", { server: "", port: null }, none],
    ["if two names map to one place, the first row decides", { encrypt: true, tls: "no" }, { tls: { kind: "off" } }],
    ["a value in a variant selects the variant", { login: { token: "t" } }, { auth: { kind: "token", token: "t" } }],
    ["a value of another variant is left out", { login: { token: "t", user: "u" } }, { auth: { kind: "token", token: "t" } }],
    ["a default applies only in its own variant", { login: { user: "u" } }, { auth: { kind: "login", user: "u", realm: "main" } }],
    ["several values make one", { scheme: "a", rest: "b" }, { url: "a:b" }],
    ["the first of several values is enough", { scheme: "a" }, { url: "a:" }],
    [
      "a map becomes rows",
      { headers: { A: "1", B: MASK } },
      {
        headers: [
          { name: "A", value: "1" },
          { name: "B", value: { set: true } },
        ],
      },
    ],
    ["a value that is read one way", { page: 5 }, { paging: { size: 5 } }],
    ["a value that is read as undefined leaves the field out", { page: "none" }, none],
  ])("%s", (_name, document, expected) => {
    expect(read(document)).toEqual({ ...CLEARED, ...expected })
  })

  test("a mask keeps a secret by the hub's own mask, and a whole login by leaving it out", () => {
    expect(read({ login: { token: MASK } })["auth"]).toEqual({ kind: "token", token: { set: true } })
    const whole: Row[] = [{ theirs: "/password", ours: "/auth", secret: true, read: (token) => ({ kind: "token", token }) }]
    const by = (stored: Settings | undefined) => readConfig(whole, { password: MASK }, { is: (value) => value === MASK, stored })
    expect(by({ auth: { kind: "login", user: "u" } })).toEqual(none)
    expect(by(undefined)).toEqual({ auth: { kind: "token", token: { set: true } } })
  })

  test("lacks required values, but only inside objects that were sent", () => {
    expect(lacking(ROWS, none)).toEqual(["/server"])
    expect(lacking(ROWS, { server: "h", login: none })).toEqual(["/login/token"])
    expect(lacking(ROWS, { server: "h", login: "l" })).toEqual([])
  })

  test("reports its faults by pointer", () => {
    expect(faultsOf(ROWS, { server: 7, tls: "maybe", login: "l", headers: { A: 1 }, constructor: 1 })).toEqual([
      { pointer: "/login", message: "must be an object." },
      { pointer: "/server", message: "must be text." },
      { pointer: "/tls", message: "must be one of yes, no." },
      { pointer: "/headers", message: "must be an object whose values are texts." },
    ])
    expect(faultsOf(ROWS, { tls: "constructor" })).toHaveLength(1)
  })
})

describe("a config as a document", () => {
  const CONFIG = {
    host: "h",
    port: 5432,
    tls: { kind: "off" },
    auth: { kind: "token", token: { set: true } },
    url: "a:b",
    headers: [{ name: "A", value: "1" }],
  }

  test("that was created in another way shows all values, each by its first name", () => {
    expect(show(CONFIG)).toEqual({
      ...{ server: "h", port: 5432, tls: "no", login: { kind: "any", token: MASK } },
      ...{ scheme: "a", rest: "b", headers: { A: "1" } },
    })
  })

  test.each<[string, Settings]>([
    ["another spelling", { port: "5432", encrypt: false }],
    ["values that no row names", { extra: [1, { a: null }], login: { more: 1 }, "login/token": 1, "a~1": 2, "": 3 }],
    ["empty values", { port: "", headers: none, extra: "" }],
    ["a value that is read one way", { page: 7 }],
    ["several values for one", { scheme: "a", rest: "b" }],
  ])("is shown as it was sent: %s", (_name, sent) => {
    const config = { ...CONFIG, port: sent["port"] === "" ? undefined : 5432, headers: [] }
    expect(show(config, sent)).toMatchObject(sent)
  })

  test("hides a default that was not sent, and a fixed value in an object that was", () => {
    expect(show({ port: 5432, tls: { kind: "verify" } }, none)).toEqual(none)
    expect(show({ port: 5433, tls: { kind: "verify" } }, none)).toEqual({ port: 5433 })
    expect(show(CONFIG, { login: { token: MASK } })["login"]).toEqual({ token: MASK })
  })

  test("shows later changes from elsewhere", () => {
    const sent = { server: "before", port: "1", encrypt: false, login: { token: MASK, user: "u" }, headers: { A: MASK, B: MASK }, scheme: "a", rest: "b" }
    const now = { ...CONFIG, port: 2, tls: { kind: "verify" }, auth: { kind: "login", user: "v", realm: "main" }, url: "c" }
    expect(show(now, sent)).toEqual({ server: "h", port: 2, encrypt: true, login: { user: "v" }, headers: { A: "1" }, scheme: "c" })
    expect(show({ ...now, tls: { kind: "other" }, host: undefined, headers: [] }, sent)).toEqual({ port: 2, encrypt: false, login: { user: "v" }, scheme: "c" })
  })

  test("is stored without its secrets", () => {
    const sent = { server: "h", login: { token: "s3cret", user: "u" }, headers: { A: "s3cret" }, extra: 1 }
    expect(storedDocument(ROWS, sent, MASK)).toEqual({ server: "h", login: { token: MASK, user: "u" }, headers: { A: MASK }, extra: 1 })
    expect(JSON.stringify(storedDocument(ROWS, sent, undefined))).not.toMatch(/s3cret|\*/)
  })

  test("names values that look like a secret but have no place in the config", () => {
    const sent = { server: "h", login: { token: "t", password: "p" }, page: { apiKey: "k" }, extra: { deep: "https://u:p@h" } }
    expect(exposedSecrets(ROWS, sent, "/config")).toEqual(["config.login.password", "config.page.apiKey", "config.extra.deep"])
  })
})
