import { describe, expect, test } from "vitest"
import { Failure } from "../failure.ts"
import { readConnectionUrl } from "./connection-url.ts"

/** Reads a URL, with the type's name in place of its definition. */
const read = (text: string) => {
  const { connector, ...config } = readConnectionUrl(text)
  return { type: connector.type, ...config }
}

describe("a URL is converted to the type's fields", () => {
  test("postgres with everything, percent-encoded", () => {
    expect(read("postgres://j%40ck:p%40ss%2Fw%231@db.example.com:6432/my%20shop?sslmode=require")).toEqual({
      type: "postgres",
      config: { host: "db.example.com", port: 6432, database: "my shop", user: "j@ck", password: "p@ss/w#1", tls: { kind: "require" } },
    })
  })

  test("missing parts take the type's defaults", () => {
    expect(read("postgresql://reader@db.example.com")).toEqual({
      type: "postgres",
      config: { host: "db.example.com", user: "reader" },
      lacks: "/password",
    })
  })

  test.each([
    ["sslmode=disable", { kind: "off" }, undefined],
    ["sslmode=require", { kind: "require" }, undefined],
    ["sslmode=verify-full", { kind: "verify" }, undefined],
    ["sslmode=verify-full&sslrootcert=/ca.pem", { kind: "verify" }, "/ca.pem"],
    ["sslrootcert=/ca.pem", { kind: "verify" }, "/ca.pem"],
    ["sslrootcert=system", { kind: "verify" }, undefined],
  ])("?%s", (query, tls, caFile) => {
    const given = read(`postgres://u:p@h.example.com/d?${query}`)
    expect(given.config["tls"]).toEqual(tls)
    expect(given.caFile).toBe(caFile)
  })

  test("an IPv6 host is read without its brackets", () => {
    expect(read("postgres://u:p@[2001:4860::1]:5432/d").config["host"]).toBe("2001:4860::1")
  })

  test("http, with the login in separate fields", () => {
    expect(read("https://api.example.com/v1?page=1")).toEqual({
      type: "http",
      config: { url: "https://api.example.com/v1?page=1" },
    })
    expect(read("http://u:p%40@api.example.com/")).toEqual({
      type: "http",
      config: { url: "http://api.example.com/", auth: { kind: "basic", username: "u", password: "p@" } },
    })
    expect(read("https://u@api.example.com/")).toEqual({
      type: "http",
      config: { url: "https://api.example.com/", auth: { kind: "basic", username: "u" } },
      lacks: "/auth/password",
    })
  })
})

describe("MySQL and MariaDB", () => {
  test.each([
    ["", undefined, undefined],
    ["ssl-mode=DISABLED", { kind: "off" }, undefined],
    ["ssl-mode=REQUIRED", { kind: "require" }, undefined],
    ["ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem", { kind: "verify" }, "/ca.pem"],
    ["ssl-ca=/ca.pem", { kind: "verify" }, "/ca.pem"],
  ])("with %j", (query, tls, caFile) => {
    for (const scheme of ["mysql", "mariadb"])
      expect(read(`${scheme}://j%40ck:p%3As@db.example.com:3307/shop?${query}`)).toEqual({
        type: "mysql",
        config: { host: "db.example.com", port: 3307, database: "shop", user: "j@ck", password: "p:s", ...(tls === undefined ? {} : { tls }) },
        ...(caFile === undefined ? {} : { caFile }),
      })
  })

  test("the database is optional", () => {
    expect(read("mysql://reader@db.example.com").config).toEqual({ host: "db.example.com", user: "reader" })
  })
})

describe("unsupported URLs are rejected and never echoed", () => {
  test.each([
    ["hunter2", "not a URL"],
    ["redis://u:hunter2@h/d", "start with redis:"],
    ["constructor:hunter2", "start with constructor:"],
    ["postgres:u:hunter2@h/d", "no host"],
    ["postgres:///d?host=hunter2", "no host"],
    ["postgres://u:pa#hunter2@h/d", "cannot be read"],
    ["postgres://u:hunter2@h:70000/d", "cannot be read"],
    ["postgres://u:x@h/d#hunter2", "after #"],
    ["postgres://u:%zzhunter2@h/d", "encodes nothing in its password"],
    ["postgres://u:x@h/d?sslmode=prefer", "sslmode"],
    ["postgres://u:x@h/d?sslmode=hunter2", "sslmode"],
    ["postgres://u:x@h/d?sslmode=require&sslrootcert=/hunter2", "needs sslmode=verify-full"],
    ["postgres://u:x@h/d?options=hunter2", '"options", which is not known'],
    ["postgres://u:x@h/d?host=hunter2", '"host", which is not known'],
    ["postgres://u:x@h/d?sslmode=disable&sslmode=require", "twice"],
    ["mysql://u:x@h/d?ssl-mode=PREFERRED", "ssl-mode"],
    ["mysql://u:x@h/d?ssl-mode=REQUIRED&ssl-ca=/hunter2", "needs ssl-mode=VERIFY_IDENTITY"],
    ["mysql://u:x@h/d?sslmode=require", '"sslmode", which is not known'],
    ["mysql://u:x@h/d?socketPath=/hunter2", '"socketPath", which is not known'],
  ])("%s", (text, message) => {
    let failure: unknown
    try {
      readConnectionUrl(text)
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(Failure)
    const { exit, problem } = failure as Failure
    expect(exit).toBe(2)
    expect(problem.detail).toContain(message)
    expect(JSON.stringify(problem)).not.toContain("hunter2")
  })
})
