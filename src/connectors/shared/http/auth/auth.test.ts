import { createHmac } from "node:crypto"
import { describe, expect, test } from "vitest"
import { Secret } from "../../../../core/fields.ts"
import type { HttpRequest } from "../../../../core/http/request.ts"
import { basicAuth, bearerAuth, type HttpAuth, headerAuth, noAuth, queryAuth } from "../auth.ts"
import { type HmacLogin, hmacAuth } from "./hmac.ts"
import { sharedKeyAuth, stringToSign } from "./shared-key.ts"
import { sigV4Auth } from "./sigv4.ts"

const call = { signal: new AbortController().signal, remainingMs: () => 1_000 }
const request = (method: string, url: string, headers: Record<string, string> = {}, body?: string | Uint8Array): HttpRequest => ({
  method,
  url: new URL(url),
  headers,
  private: new Set(["x-own"]),
  ...(body === undefined ? {} : { body }),
})
const get = request("GET", "https://a.example/x?key=old&q=1", { accept: "*/*" })
const signed = async (auth: HttpAuth, each = get) => await auth.sign(each, call)

describe("a constant proof", () => {
  test.each<[string, HttpAuth, string, string]>([
    // RFC 7617, 2.
    ["basic", basicAuth("Aladdin", "open sesame"), "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    // RFC 7617, 2.1: UTF-8.
    ["basic in UTF-8", basicAuth("test", "123£"), "authorization", "Basic dGVzdDoxMjPCow=="],
    // RFC 6750, 2.1.
    ["bearer", bearerAuth("mF_9.B5f-4.1JqM"), "authorization", "Bearer mF_9.B5f-4.1JqM"],
    ["a header of its own", headerAuth("X-Key", "k"), "x-key", "k"],
  ])("%s is private, and shown as it is", async (_, auth, name, value) => {
    const sent = await signed(auth)
    expect(sent.headers).toEqual({ accept: "*/*", [name]: value })
    expect([...sent.private]).toEqual(["x-own", name])
    expect(auth.show(get)).toEqual(sent)
  })

  test("in the query takes the place of what the URL has, and leaves the given request as it was", async () => {
    const auth = queryAuth("key", "k&k")
    expect((await signed(auth)).url.search).toBe("?key=k%26k&q=1")
    expect([get.url.search, auth.parameter]).toEqual(["?key=old&q=1", "key"])
  })

  test("none changes nothing", async () => expect(await signed(noAuth)).toBe(get))
})

describe("HMAC", () => {
  const login: HmacLogin = {
    key: new Secret("Jefe"),
    keyEncoding: "text",
    algorithm: "sha256",
    parts: [{ part: "body" }],
    separator: "newline",
    encoding: "hex",
    header: "X-Signature",
    timestampHeader: "X-Timestamp",
    timestamp: "seconds",
  }
  const at = new Date("2026-01-02T03:04:05.678Z")
  const sign = async (more: Partial<HmacLogin>, each: HttpRequest) =>
    (
      await signed(
        hmacAuth({ ...login, ...more }, () => at),
        each,
      )
    ).headers

  // RFC 4231, test case 2, for the body alone.
  test.each([
    ["sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    ["sha512", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"],
  ] as const)("by %s is the published one", async (algorithm, expected) => {
    expect((await sign({ algorithm }, request("POST", "https://a.example/", {}, "what do ya want for nothing?")))["x-signature"]).toBe(expected)
  })

  // RFC 4231, test case 1: the key is no text.
  test.each([
    ["hex", "0b".repeat(20)],
    ["base64", Buffer.alloc(20, 0x0b).toString("base64")],
  ] as const)("with a key in %s, over bytes", async (keyEncoding, key) => {
    const sent = await sign({ keyEncoding, key: new Secret(key) }, request("POST", "https://a.example/", {}, Buffer.from("Hi There")))
    expect(sent["x-signature"]).toBe("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
  })

  test("signs timestamp, method, path, query and body unless told otherwise, as they are sent", async () => {
    const sent = await sign({ parts: [], encoding: "base64", prefix: "v1=" }, request("PUT", "https://a.example/a%20b?x=1&y=%C3%A9", {}, "{}"))
    const text = "1767323045\nPUT\n/a%20b\nx=1&y=%C3%A9\n{}"
    expect(sent).toEqual({ "x-timestamp": "1767323045", "x-signature": `v1=${createHmac("sha256", "Jefe").update(text).digest("base64")}` })
  })

  test.each([
    ["milliseconds", "1767323045678"],
    ["iso", "2026-01-02T03:04:05.678Z"],
  ] as const)("names the time in %s", async (timestamp, expected) => expect((await sign({ timestamp }, get))["x-timestamp"]).toBe(expected))

  test("is named, not made, for people", () => {
    expect(hmacAuth({ ...login, prefix: "v1=" }).show(get).headers).toMatchObject({ "x-signature": "v1=[secret]", "x-timestamp": "[now]" })
  })
})

describe("Shared Key of Azure Storage", () => {
  // learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, "Constructing the signature string".
  test("signs the documented text for Get Container Metadata", () => {
    const headers = { "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21" }
    const asked = request("GET", "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20", headers)
    expect(stringToSign(asked, "myaccount")).toBe(
      "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20",
    )
  })

  // The same page, "Canonicalized resource string": values of one name are sorted, and names are in lower case.
  test("sorts parameters and their values", () => {
    const asked = request(
      "GET",
      "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=list&include=snapshots&include=metadata&Include=uncommittedblobs",
    )
    expect(stringToSign(asked, "myaccount")).toMatch(/\/myaccount\/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container$/)
  })

  test("has the body's length but for an empty body, and trims its own headers", () => {
    const headers = { "content-type": "text/plain; charset=UTF-8", "x-ms-blob-type": "  Block   Blob ", range: "bytes=0-9", "if-match": '"e"' }
    const put = (body: string) => stringToSign(request("PUT", "https://a.blob.core.windows.net/c/b%20c", headers, body), "a").split("\n")
    expect(put("hällo")).toEqual([
      "PUT",
      "",
      "",
      "6",
      "",
      "text/plain; charset=UTF-8",
      "",
      "",
      '"e"',
      "",
      "",
      "bytes=0-9",
      "x-ms-blob-type:Block Blob",
      "/a/c/b%20c",
    ])
    expect(put("")[3]).toBe("")
  })

  test("is the HMAC of that text by the account's key, for the time at which it is sent", async () => {
    const key = Buffer.from("the account's key").toString("base64")
    const auth = sharedKeyAuth("myaccount", key, () => new Date("2026-01-02T03:04:05Z"))
    const sent = await signed(auth, request("GET", "https://myaccount.blob.core.windows.net/c?comp=list"))
    expect(sent.headers["x-ms-date"]).toBe("Fri, 02 Jan 2026 03:04:05 GMT")
    const { authorization, ...rest } = sent.headers
    const expected = createHmac("sha256", "the account's key")
      .update(stringToSign({ ...sent, headers: rest }, "myaccount"))
      .digest("base64")
    expect(authorization).toBe(`SharedKey myaccount:${expected}`)
    expect(auth.show(get).headers["authorization"]).toBe("SharedKey myaccount:[secret]")
  })
})

describe("Signature Version 4", () => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }
  const at = () => new Date("2013-05-24T00:00:00Z")

  // docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Bucket (List Objects)".
  test("is that of the documentation, and the query is sent as it was signed", async () => {
    const auth = sigV4Auth(async () => credentials, { region: "us-east-1", service: "s3" }, at)
    const sent = await signed(auth, request("GET", "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2"))
    expect(sent.headers["authorization"]).toMatch(/Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/)
    expect(sent.url.search).toBe("?max-keys=2&prefix=J")
    expect(sent.private.has("authorization")).toBe(true)
    const spaced = await signed(auth, request("GET", "https://examplebucket.s3.amazonaws.com/?prefix=a+b"))
    expect(spaced.url.search).toBe("?prefix=a%20b")
  })

  test("asks for the credentials each time, since session tokens expire", async () => {
    let token = 0
    const auth = sigV4Auth(async () => ({ ...credentials, sessionToken: `session-${++token}` }), { region: "eu-central-1", service: "athena" }, at)
    const tokens = [await signed(auth), await signed(auth)].map(({ headers }) => headers["x-amz-security-token"])
    expect(tokens).toEqual(["session-1", "session-2"])
    expect(auth.show(get).headers["authorization"]).toBe("AWS4-HMAC-SHA256 [secret]")
  })
})
