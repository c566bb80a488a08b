import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { describe, expect, test } from "vitest"
import { PlatformError } from "../core/errors.ts"
import { connect, isConnectionFailure, parseDatabaseUrl, unavailable } from "./connection.ts"

describe("DATABASE_URL", () => {
  test("is parsed into fields, with percent-encoding and IPv6 brackets decoded", () => {
    expect(parseDatabaseUrl("postgres://us%40er:p%3A%2F%23@db.example.test:6000/my%20db")).toEqual({
      host: "db.example.test",
      port: 6000,
      user: "us@er",
      password: "p:/#",
      database: "my db",
      ssl: false,
    })
    expect(parseDatabaseUrl("postgresql://u@[::1]/d")).toMatchObject({ host: "::1", port: 5432, password: "" })
  })

  test("supports sslmode", () => {
    const ssl = (query: string) => parseDatabaseUrl(`postgres://u:p@h/d?${query}`).ssl
    expect(ssl("sslmode=disable")).toBe(false)
    expect(ssl("sslmode=require&channel_binding=require")).toEqual({ rejectUnauthorized: false })
    expect(ssl("sslmode=verify-full")).toEqual({ rejectUnauthorized: true })
    expect(ssl("sslmode=verify-ca")).toEqual({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) })
    const folder = mkdtempSync(join(tmpdir(), "jackfield-test-ca-"))
    writeFileSync(join(folder, "ca.pem"), "PEM")
    expect(ssl(`sslmode=verify-full&sslrootcert=${folder}/ca.pem`)).toEqual({ rejectUnauthorized: true, ca: "PEM" })
    rmSync(folder, { recursive: true })
  })

  test.each([
    ["x", "is not a URL"],
    ["http://u:topsecret@h/d", "does not begin with postgres://"],
    ["postgres:///d", "names no host"],
    ["postgres://u:topsecret@h", "names no database"],
    ["postgres://:topsecret@h/d", "names no user"],
    ["postgres://u:topsecret@h/d?sslmode=prefer", "sslmode other than"],
    ["postgres://u:topsecret@h/d?options=-c%20x", 'unknown parameter "options"'],
    ["postgres://u:topsecret%@h/d", "percent-encoded"],
    ["postgres://u:topsecret@h/d?sslmode=verify-full&sslrootcert=/no/such/file", "cannot be read"],
  ])("rejects %s", (url, why) => {
    const refused = () => parseDatabaseUrl(url)
    expect(refused).toThrow(PlatformError)
    expect(refused).toThrow(why)
    expect(refused).not.toThrow("topsecret")
  })
})

describe("failures of the database", () => {
  const sqlState = (code: string) => Object.assign(new pg.DatabaseError("said so", 1, "error"), { code })

  test.each([
    ["57P01", true],
    ["57P03", true],
    ["08006", true],
    ["53300", true],
    ["28P01", true],
    ["3D000", true],
    ["23505", false],
    ["42501", false],
    ["40001", false],
    ["57014", false],
  ])("SQLSTATE %s means gone: %s", (code, gone) => {
    expect(isConnectionFailure(sqlState(code))).toBe(gone)
  })

  test.each([
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), true],
    [new Error("Connection terminated unexpectedly"), true],
    [new Error("timeout exceeded when trying to connect"), true],
    [new Error("Query read timeout"), true],
    [new TypeError("x is not a function"), false],
    ["a text", false],
  ])("%s", (error, gone) => {
    expect(isConnectionFailure(error)).toBe(gone)
  })

  test("of an operator's connection name the address", async () => {
    const nobody = createServer().listen(0, "127.0.0.1")
    await once(nobody, "listening")
    const { port } = nobody.address() as AddressInfo
    nobody.close()
    await once(nobody, "close")
    const connection = parseDatabaseUrl(`postgres://user:the-password@127.0.0.1:${port}/hub`)
    const error: unknown = await connect(connection).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "store_unavailable", message: `The hub's database at 127.0.0.1:${port} does not answer; try again shortly.` })
  })

  test.each([
    ["28P01", "refuses the hub's login; check the user and the password in DATABASE_URL. It reported: "],
    ["28000", "refuses the hub's login"],
    ["3D000", "does not have the database that DATABASE_URL names"],
    ["53300", "has no connections or resources left"],
    ["57P03", "does not answer; try again shortly. It reported: "],
  ])("say what %s means", (state, words) => {
    expect(unavailable(sqlState(state), " at db:5432").message).toContain(`The hub's database at db:5432 ${words}`)
  })

  test("become store_unavailable with the driver's error as the cause", () => {
    const cause = sqlState("57P03")
    expect(unavailable(cause)).toMatchObject({ code: "store_unavailable", status: 503, retryable: true, cause, message: expect.stringContaining("said so") })
  })
})
