import { randomBytes } from "node:crypto"
import { deflateSync, gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { ENCODINGS } from "./canaries/encodings.ts"
import { piecesOf, Search } from "./canaries/search.ts"
import { CANARIES } from "./canaries/values.ts"

const noise = (bytes: number): Buffer => randomBytes(bytes)
const around = (planted: string | Buffer): Buffer => Buffer.concat([noise(500), Buffer.from(planted as string), noise(500)])

describe("the search finds", () => {
  it("forty different canaries", () => {
    expect(CANARIES).toHaveLength(40)
    expect(new Set(CANARIES.map(({ value }) => value)).size).toBe(40)
    expect(new Set(CANARIES.map(({ about }) => about)).size).toBe(40)
  })

  it.each(Object.entries(ENCODINGS))("%s", (_name, encode) => {
    for (const canary of CANARIES) {
      const search = new Search([canary])
      // If a canary has no such spelling or is longer than a line, its pieces are searched for.
      for (const written of encode(canary.value)) {
        if (Buffer.from(written as string).length < 8) continue
        expect(search.in(around(written)), `${canary.about} in ${String(written).slice(0, 200)}`).not.toEqual([])
      }
    }
  })

  it("compressed data, inside other bytes, and truncated", () => {
    for (const canary of CANARIES) {
      const search = new Search([canary])
      const text = Buffer.from(`${JSON.stringify({ password: canary.value })}${noise(2_000).toString("hex")}`)
      for (const packed of [gzipSync(text), deflateSync(text), gzipSync(gzipSync(text)), gzipSync(text).subarray(0, -200)])
        expect(
          search.in(Buffer.concat([noise(500), packed])).some(({ encoding }) => encoding.endsWith("compressed")),
          canary.about,
        ).toBe(true)
    }
  })

  it("truncated values, rewrapped values, and values after a login", () => {
    const search = new Search(CANARIES)
    for (const { about, value } of CANARIES) {
      const middle = value.slice(Math.floor(value.length / 3)).slice(0, 100)
      if (value.length > 400) expect(search.in(around(middle)), `${about}, a part`).not.toEqual([])
      for (const user of ["", "u", "us", "use"])
        expect(search.in(around(`Basic ${Buffer.from(`${user}:${value}`).toString("base64")}`)), `${about}, basic`).not.toEqual([])
      const wrapped = Buffer.from(value).toString("base64").replaceAll(/.{64}/g, "$&\n")
      expect(search.in(around(wrapped)), `${about}, wrapped`).not.toEqual([])
    }
    const pem = CANARIES.find(({ about }) => about === "PEM")?.value ?? ""
    const one = pem.replaceAll("\n", "")
    expect(search.in(around(one))).not.toEqual([])
    expect(search.in(around(one.replaceAll(/.{76}/g, "$&\n")))).not.toEqual([])
  })

  it("nothing in clean text, and nothing that merely looks similar", () => {
    const search = new Search(CANARIES)
    expect(search.in(noise(4_000_000))).toEqual([])
    expect(search.in(noise(1_000_000).toString("base64") + noise(1_000_000).toString("hex"))).toEqual([])
    for (const { value } of CANARIES) for (const piece of piecesOf(value)) expect(search.in(around(piece.slice(0, 5)))).toEqual([])
    expect(search.searched).toBeGreaterThan(7_000_000)
  })
})
