import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import type { Answer } from "../support/ask.ts"

/** A request and its answer from a specification's page, with the intended differences of the hub's answer. */
export interface Page {
  readonly name: string
  readonly page: string
  readonly stored?: unknown
  /** `text` is a body that is not JSON. */
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly text?: string
  }
  readonly answer: { readonly status: number; readonly body?: unknown }
  /** `at` is a JSON pointer into the answer's body, `is` the hub's value there. */
  readonly deviations: readonly { readonly at: string; readonly is: unknown; readonly why: string }[]
}

/** The pages in a folder, sorted by their file names. */
export const pagesIn = (folder: string): Page[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({ ...(JSON.parse(readFileSync(join(folder, file), "utf8")) as Page), name: file.replace(/\.json$/, "") }))

/** Ids and times match if they have the same form; everything else must be equal. */
const VARIES = /^(id|token|icon|workspace_id|\w+_at|\w+At)$/

/** Asserts that the answer is the page's, except for ids, times, added fields and the page's deviations (DESIGN §8). */
export function expectPage({ answer: { status, body }, deviations }: Page, answer: Answer): void {
  expect(answer.status, answer.text).toBe(status)
  expect(differences(body, answer.body, "", new Map(deviations.map(({ at, is }) => [at, is])))).toEqual([])
}

function differences(wanted: unknown, got: unknown, at: string, deviations: ReadonlyMap<string, unknown>): string[] {
  const expected = deviations.has(at) ? deviations.get(at) : wanted
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length) return [`${at} has not ${expected.length} entries: ${JSON.stringify(got)}`]
    return expected.flatMap((each, index) => differences(each, got[index], `${at}/${index}`, deviations))
  }
  if (isObject(expected)) {
    if (!isObject(got)) return [`${at} is no object: ${JSON.stringify(got)}`]
    return Object.entries(expected).flatMap(([key, each]) =>
      VARIES.test(key) ? sameForm(each, got[key], `${at}/${key}`) : differences(each, got[key], `${at}/${key}`, deviations),
    )
  }
  return Object.is(expected, got) ? [] : [`${at} is ${JSON.stringify(got)}, not ${JSON.stringify(expected)}`]
}

/** The form of a value: `2025-01-15T10:30:00Z` and `2026-11-22T16:00:01Z` have the same form, `1` and `"1"` do not. */
function sameForm(wanted: unknown, got: unknown, at: string): string[] {
  const form = (value: unknown): string =>
    `${typeof value} ${String(value).replace(/\d+/g, (digits) => (/[T:.-]/.test(String(value)) ? "0".repeat(digits.length) : "0"))}`
  // Opaque ids and tokens, and the hub's address, have no form that a client could rely on.
  const opaque = typeof wanted === "string" && /\/(id|token|icon)$/.test(at) && !/^\d+$/.test(wanted) && typeof got === "string" && got !== ""
  return opaque || form(wanted) === form(got) ? [] : [`${at} is ${JSON.stringify(got)}, not in the form of ${JSON.stringify(wanted)}`]
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value)
