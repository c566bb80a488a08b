import type { CircleWaiver } from "./architecture/graph.ts"
import type { RunWaiver, SizeWaiver } from "./architecture/types.ts"
import type { Claim } from "./conformance/claims.ts"

/** A claim that a type does not keep yet, and why. One that is kept after all fails the build: take it out. */
export interface Waiver {
  readonly type: string
  readonly claim: Claim["name"]
  readonly reason: string
}

export const waivers: readonly Waiver[] = [
  { type: "firebolt", claim: "widen", reason: "Firebolt's ALTER TABLE adds columns and moves them, and changes no types." },
  {
    type: "singlestore",
    claim: "widen",
    reason: "SingleStore cannot change the type of a column in a columnstore table, which is the kind of table that it creates by default.",
  },
]

/** Types that take more than 250 lines over all of their files, each with exactly the lines that it takes. */
export const sizeWaivers: readonly SizeWaiver[] = [
  {
    type: "athena",
    lines: 390,
    reason:
      "What AWS, Trino's engine and Hive's catalogs share is shared; its form and notes, the requests of its API, Glue by that API, codes and Iceberg's rule are its own.",
  },
  {
    type: "bigquery",
    lines: 480,
    reason:
      "What Google's services, GoogleSQL and the job API share is shared; its form and notes, views of INFORMATION_SCHEMA in several locations, the rows that wait to be merged, and commits by the ids of jobs are its own.",
  },
  {
    type: "http",
    lines: 443,
    reason: "It is the type for any API: its form, inputs and templates have no other user, and its notes say how they work together.",
  },
  {
    type: "firebolt",
    lines: 398,
    reason:
      "What systems that answer by lines of JSON share is shared; its form and notes, the way to its engines, their sessions, its errors and its views are its own.",
  },
  {
    type: "snowflake",
    lines: 834,
    reason:
      "What warehouses over HTTP share is shared; its form and notes, accounts, login by key pair, requests, type names, codes, SHOW and scripting are its own, and so is the second protocol, of the vendor's drivers, without which no password is taken.",
  },
]

/** Pairs of types that share runs of eight lines, each with exactly the runs that they share. */
export const runWaivers: readonly RunWaiver[] = []

/** Places where files or folders still import one another in a circle. */
export const circleWaivers: readonly CircleWaiver[] = []
