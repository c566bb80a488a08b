import { describe, expect, test } from "vitest"
import { flag, host, integer, list, optional, port, secret, text, variant } from "../core/fields.ts"
import { describeFields } from "../core/schema.ts"
import { type Assignment, assignConfig, firstMissing, parseAssignment, secretAt } from "./config-input.ts"
import { Failure } from "./failure.ts"

const fields = describeFields({
  host: host("Host"),
  port: port("Port", { default: 5432 }),
  rows: optional(integer("Rows")),
  password: optional(secret("Password")),
  compress: flag("Compress"),
  tls: variant("TLS", { verify: { title: "Verify", fields: { ca: optional(text("CA")) } }, off: { title: "Off", fields: {} } }, { default: "verify" }),
  auth: variant("Auth", {
    basic: { title: "Basic", fields: { username: text("User"), password: secret("Password") } },
    bearer: { title: "Bearer", fields: { token: secret("Token") } },
  }),
  headers: list("Headers", { name: text("Name"), value: secret("Value", { plainNames: "^Accept$" }) }, { by: "name" }),
})

const plain = (...texts: string[]): Assignment[] => texts.map((each) => ({ ...parseAssignment(each, "--set"), via: "plain" as const }))
const hidden = (path: string, value = "s3cret-value"): Assignment => ({ path, value, via: "secret" })

function problemOf(work: () => unknown) {
  try {
    work()
  } catch (error) {
    if (error instanceof Failure) return error.problem
    throw error
  }
  throw new Error("it did not fail")
}

describe("--set", () => {
  test("numbers, flags, alternatives, lists and values with = are converted to the types of the fields", () => {
    const given = plain("host=db.example.com", "port=5433", "compress=true", "tls.kind=verify", "tls.ca=a=b", "headers.0.name=X-Key", "headers.1.name=Accept")
    expect(assignConfig(fields, given)).toEqual({
      host: "db.example.com",
      port: 5433,
      compress: true,
      tls: { kind: "verify", ca: "a=b" },
      headers: [{ name: "X-Key" }, { name: "Accept" }],
    })
  })

  test("a value that is not secret because of its entry's name may be an argument, in any order", () => {
    const rows = [{ name: "Accept", value: "text/csv" }]
    expect(assignConfig(fields, plain("headers.0.value=text/csv", "headers.0.name=accept"))).toEqual({ headers: [{ name: "accept", value: "text/csv" }] })
    expect(assignConfig(fields, plain("headers.0.value=text/csv"), { headers: [{ name: "Accept", value: "x" }] })).toEqual({ headers: rows })
    const refused = problemOf(() => assignConfig(fields, plain("headers.0.value=s3cret-value", "headers.0.name=X-Key")))
    expect(refused.detail).toMatch(/is a secret/)
    expect(problemOf(() => assignConfig(fields, plain("hots=x"))).detail).toContain('Did you mean "host"?')
  })

  test("the kind of an alternative follows from its parts, or from the default", () => {
    expect(assignConfig(fields, [hidden("auth.token")])).toEqual({ auth: { kind: "bearer", token: "s3cret-value" } })
    expect(assignConfig(fields, plain("tls.ca=x"))).toEqual({ tls: { kind: "verify", ca: "x" } })
  })

  test("a file's config is kept unless it is overridden, and another kind starts empty", () => {
    const base = { host: "a", port: 1, auth: { kind: "basic", username: "u" }, headers: [{ name: "A" }] }
    expect(assignConfig(fields, [...plain("port=2", "headers.1.name=B"), hidden("auth.password")], base)).toEqual({
      host: "a",
      port: 2,
      auth: { kind: "basic", username: "u", password: "s3cret-value" },
      headers: [{ name: "A" }, { name: "B" }],
    })
    expect(assignConfig(fields, plain("auth.kind=bearer"), base)["auth"]).toEqual({ kind: "bearer" })
  })

  test.each([
    ["password=hunter2", "/password", "is a secret"],
    ["auth.token=hunter2", "/auth/token", "is a secret"],
    ["headers.0.value=hunter2", "/headers/0/value", "is a secret"],
    ["hosst=hunter2", "/hosst", 'no field "hosst"'],
    ["port=hunter2", "/port", "whole number"],
    ["port=1e3", "/port", "whole number"],
    ["compress=yes", "/compress", "true or false"],
    ["tls=hunter2", "/tls", "tls.kind=verify|off"],
    ["tls.kind=maybe", "/tls", "verify, off"],
    ["tls.cert=hunter2", "/tls", "needs its kind"],
    ["auth.kind=basic", undefined, undefined],
    ["headers.x.name=hunter2", "/headers", "counted from 0"],
    ["headers.1.name=hunter2", "/headers", "without gaps"],
    ["headers=hunter2", "/headers", "is a list"],
    ["host.name=hunter2", "/host", "has no parts"],
    ["constructor=hunter2", "/constructor", "no field"],
    ["__proto__.x=hunter2", "/__proto__", "no field"],
  ])("%s", (assignment, pointer, message) => {
    if (pointer === undefined) {
      expect(assignConfig(fields, plain(assignment))).toEqual({ auth: { kind: "basic" } })
      return
    }
    const problem = problemOf(() => assignConfig(fields, plain(assignment)))
    expect(problem.errors).toHaveLength(1)
    expect(problem.errors?.[0]?.pointer).toBe(pointer)
    expect(problem.errors?.[0]?.message).toContain(message)
    expect(JSON.stringify(problem)).not.toContain("hunter2")
  })

  test("all faults are reported at once, and a repeated path is one of them", () => {
    const problem = problemOf(() => assignConfig(fields, plain("port=x", "compress=1", "host=a", "host=b")))
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(["/host", "/port", "/compress"])
  })

  test("a secret option for a field that is not a secret is rejected", () => {
    expect(problemOf(() => assignConfig(fields, [hidden("host")])).detail).toContain("is not a secret")
  })

  test("an assignment without a path or a value is rejected without echoing it", () => {
    expect(problemOf(() => parseAssignment("hunter2", "--set")).detail).not.toContain("hunter2")
    expect(problemOf(() => parseAssignment("=hunter2", "--set")).detail).not.toContain("hunter2")
  })
})

test("secretAt finds secrets at any depth and nothing else", () => {
  expect(secretAt(fields, "password")?.title).toBe("Password")
  expect(secretAt(fields, "auth.token")?.title).toBe("Token")
  expect(secretAt(fields, "headers.3.value")?.title).toBe("Value")
  expect(secretAt(fields, "host")).toBeUndefined()
  expect(secretAt(fields, "auth.nothing")).toBeUndefined()
})

test("firstMissing walks through the required fields in order", () => {
  expect(firstMissing(fields, {})?.path).toBe("host")
  expect(firstMissing(fields, { host: "a" })?.path).toBe("auth")
  expect(firstMissing(fields, { host: "a", auth: { kind: "basic", username: "u" } })?.path).toBe("auth.password")
  expect(firstMissing(fields, { host: "a", auth: { kind: "bearer", token: "t" }, headers: [{ name: "X" }] })?.path).toBe("headers.0.value")
  expect(firstMissing(fields, { host: "a", auth: { kind: "bearer", token: "t" } })).toBeUndefined()
})
