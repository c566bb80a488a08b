import { describe, expect, test } from "vitest"
import { Failure } from "../failure.ts"
import { readConnectionUrl } from "./connection-url.ts"

describe("a URL becomes the type's fields", () => {
  test("postgres with everything, percent-encoded", () => {
    expect(readConnectionUrl("postgres://j%40ck:p%40ss%2Fw%231@db.example.com:6432/my%20shop?sslmode=require")).toEqual({
      type: "postgres",
      config: { host: "db.example.com", port: 6432, database: "my shop", user: "j@ck", password: "p@ss/w#1", tls: { kind: "require" } },
      wantsPassword: false,
    })
  })

  test("missing parts take the type's defaults", () => {
    expect(readConnectionUrl("postgresql://reader@db.example.com")).toEqual({
      type: "postgres",
      config: { host: "db.example.com", user: "reader" },
      wantsPassword: true,
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
    const read = readConnectionUrl(`postgres://u:p@h.example.com/d?${query}`)
    expect(read.config["tls"]).toEqual(tls)
    expect(read.caFile).toBe(caFile)
  })

  test("an IPv6 host loses its brackets", () => {
    expect(readConnectionUrl("postgres://u:p@[2001:4860::1]:5432/d").config["host"]).toBe("2001:4860::1")
  })

  test("http, with the login in separate fields", () => {
    expect(readConnectionUrl("https://api.example.com/v1?page=1")).toEqual({
      type: "http",
      config: { url: "https://api.example.com/v1?page=1" },
      wantsPassword: false,
    })
    expect(readConnectionUrl("http://u:p%40@api.example.com/")).toEqual({
      type: "http",
      config: { url: "http://api.example.com/", auth: { kind: "basic", username: "u", password: "p@" } },
      wantsPassword: false,
    })
    expect(readConnectionUrl("https://u@api.example.com/").wantsPassword).toBe(true)
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
      expect(readConnectionUrl(`${scheme}://j%40ck:p%3As@db.example.com:3307/shop?${query}`)).toEqual({
        type: "mysql",
        config: { host: "db.example.com", port: 3307, database: "shop", user: "j@ck", password: "p:s", ...(tls === undefined ? {} : { tls }) },
        ...(caFile === undefined ? {} : { caFile }),
        wantsPassword: false,
      })
  })

  test("the database is optional", () => {
    expect(readConnectionUrl("mysql://reader@db.example.com").config).toEqual({ host: "db.example.com", user: "reader" })
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
    ["postgres://u:%zzhunter2@h/d", "password is not percent-encoded"],
    ["postgres://u:x@h/d?sslmode=prefer", "sslmode"],
    ["postgres://u:x@h/d?sslmode=hunter2", "sslmode"],
    ["postgres://u:x@h/d?sslmode=require&sslrootcert=/hunter2", "only with sslmode=verify-full"],
    ["postgres://u:x@h/d?options=hunter2", '"options" is not known'],
    ["postgres://u:x@h/d?host=hunter2", '"host" is not known'],
    ["postgres://u:x@h/d?sslmode=disable&sslmode=require", "occurs twice"],
    ["mysql://u:x@h/d?ssl-mode=PREFERRED", "ssl-mode"],
    ["mysql://u:x@h/d?ssl-mode=REQUIRED&ssl-ca=/hunter2", "only with ssl-mode=VERIFY_IDENTITY"],
    ["mysql://u:x@h/d?sslmode=require", '"sslmode" is not known'],
    ["mysql://u:x@h/d?socketPath=/hunter2", '"socketPath" is not known'],
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
