import Type from "typebox"
import { expect, expectTypeOf, test } from "vitest"
import type { Differences } from "./exact.ts"
import { type Operation, operation } from "./operation.ts"
import type { Sent } from "./sending.ts"

// What is tested here is tested by tsc: a type that differs, or an error that is expected and does not come, ends `npm run check`.

interface Thing {
  readonly id: string
  readonly state: "on" | "off"
  readonly parts: readonly { readonly name: string; readonly size?: number }[]
  readonly owner: { readonly name: string } | null
}

test("a value that is what the schema says has no differences, readonly or not", () => {
  type Mutable = { id: string; state: "on" | "off"; parts: { name: string; size?: number }[]; owner: { name: string } | null }
  expectTypeOf<Differences<Thing, Thing>>().toEqualTypeOf<never>()
  expectTypeOf<Differences<Thing, Mutable>>().toEqualTypeOf<never>()
  expectTypeOf<Differences<Readonly<Record<string, number>>, Record<string, number>>>().toEqualTypeOf<never>()
  expectTypeOf<Differences<{ readonly any: Thing }, { any: unknown }>>().toEqualTypeOf<never>()
})

test("every difference is named, in both directions and on every level", () => {
  expectTypeOf<Differences<{ id: string; more?: string }, { id: string }>>().toEqualTypeOf<"the schema lacks answer.more">()
  expectTypeOf<Differences<{ id: string }, { id: string; more?: string }>>().toEqualTypeOf<"nothing gives answer.more">()
  expectTypeOf<Differences<Thing, Omit<Thing, "parts"> & { parts: { name: string }[] }>>().toEqualTypeOf<"the schema lacks answer.parts[].size">()
  expectTypeOf<Differences<Thing, Omit<Thing, "owner"> & { owner: { name: string; age: number } | null }>>().toEqualTypeOf<"nothing gives answer.owner.age">()
})

test("a looser, a stricter or an absent value differs as well", () => {
  type Plain<At extends string> = `${At}: not the plain values that the schema says`
  expectTypeOf<Differences<{ state: "on" | "off" }, { state: string }>>().toEqualTypeOf<Plain<"answer.state">>()
  expectTypeOf<Differences<{ state: string }, { state: "on" }>>().toEqualTypeOf<Plain<"answer.state">>()
  expectTypeOf<Differences<{ owner: string | null }, { owner: string }>>().toEqualTypeOf<Plain<"answer.owner">>()
  expectTypeOf<Differences<{ size?: number }, { size: number }>>().toEqualTypeOf<Plain<"answer.size">>()
  expectTypeOf<Differences<readonly string[], { length: number }>>().not.toEqualTypeOf<never>()
  expectTypeOf<Differences<Date, string>>().not.toEqualTypeOf<never>()
})

const Answer = Type.Object({ id: Type.String(), size: Type.Optional(Type.Integer()) })
const spec = { id: "getThing", method: "GET", path: "/v1/things", tag: "health", access: "viewer", summary: "Get a thing" } as const
const given = <T>(value: T) => Promise.resolve(value)

test("an operation takes a handler that returns what the schema says, and no other", () => {
  const right: Operation = operation({ ...spec, answer: Answer }, () => given<{ readonly id: string; readonly size?: number }>({ id: "1" }))
  // @ts-expect-error the schema lacks `more`
  const more: Operation = operation({ ...spec, answer: Answer }, () => given<{ id: string; size?: number; more: string }>({ id: "1", more: "" }))
  // @ts-expect-error the handler never gives `size`
  const less: Operation = operation({ ...spec, answer: Answer }, () => given({ id: "1" }))
  // @ts-expect-error an answer without a schema
  const unsaid: Operation = operation(spec, () => given({ id: "1" }))
  const nothing: Operation = operation(spec, async () => {})
  const either: Operation = operation({ ...spec, answer: Answer }, () => given<{ id: string; size?: number } | Sent>({ id: "1" }))
  expect([right, more, less, unsaid, nothing, either].map(({ spec }) => spec.id)).toEqual(Array(6).fill("getThing"))
})

test("the request is typed by the schemas", () => {
  const Body = Type.Object({ name: Type.String() })
  const made: Operation = operation({ ...spec, method: "POST", body: Body, query: Type.Object({ limit: Type.Integer() }) }, async ({ body, query, params }) => {
    expectTypeOf(body).toEqualTypeOf<{ name: string }>()
    expectTypeOf(query).toEqualTypeOf<{ limit: number }>()
    expectTypeOf(params).toEqualTypeOf<unknown>()
  })
  expect(made.spec.body).toBe(Body)
})
