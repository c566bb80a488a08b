import { describe, expect, test } from "vitest"
import type { HttpRequest } from "./http/request.ts"
import { signV4 } from "./sigv4.ts"

const request = (method: string, url: string, headers: Record<string, string> = {}, body?: string): HttpRequest => ({
  method,
  url: new URL(url),
  headers,
  private: new Set(),
  ...(body === undefined ? {} : { body }),
})
const signatureOf = (headers: Record<string, string>): string => /Signature=([0-9a-f]{64})$/.exec(headers["authorization"] ?? "")?.[1] ?? ""

// AWS's signing test suite, v4, as aws-c-auth publishes it. A URL's dots are resolved before it is signed, so the cases that keep them are left out;
// so are those with a path that is not encoded yet, which none of ours is.
describe("the published test suite", () => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }
  const TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
  const at = new Date("2015-08-30T12:36:00Z")
  const sign = (each: HttpRequest, sessionToken?: string) => signV4(each, { ...credentials, sessionToken }, { region: "us-east-1", service: "service" }, at)
  const RESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

  test.each<[name: string, method: string, path: string, headers: Record<string, string>, signature: string]>([
    ["get-vanilla", "GET", "/", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["get-relative-relative-normalized", "GET", "/example1/example2/../..", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["get-slash-normalized", "GET", "//", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["get-slashes-normalized", "GET", "//example//", {}, "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"],
    ["get-slash-pointless-dot-normalized", "GET", "/./example", {}, "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"],
    ["get-unreserved", "GET", `/${RESERVED}`, {}, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"],
    ["get-vanilla-empty-query-key", "GET", "/?Param1=value1", {}, "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"],
    [
      "get-vanilla-query-order-encoded",
      "GET",
      "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
      {},
      "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ],
    ["get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", {}, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"],
    ["get-vanilla-query-unreserved", "GET", `/?${RESERVED}=${RESERVED}`, {}, "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"],
    ["get-vanilla-utf8-query", "GET", "/?ሴ=bar", {}, "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"],
    [
      "get-header-value-trim",
      "GET",
      "/",
      { "my-header1": " value1", "my-header2": ' "a   b   c"' },
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ],
    ["get-header-key-duplicate", "GET", "/", { "my-header1": "value2,value2,value1" }, "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"],
    ["post-vanilla", "POST", "/", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    ["post-vanilla-query", "POST", "/?Param1=value1", {}, "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"],
    ["post-header-key-sort", "POST", "/", { "my-header1": "value1" }, "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"],
    ["post-header-value-case", "POST", "/", { "my-header1": "VALUE1" }, "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"],
  ])("%s", (_, method, path, headers, signature) => {
    expect(signatureOf(sign(request(method, `https://example.amazonaws.com${path}`, headers)))).toBe(signature)
  })

  test("get-vanilla-with-session-token: the token is signed and sent", () => {
    const signed = sign(request("GET", "https://example.amazonaws.com/"), TOKEN)
    expect([signatureOf(signed), signed["x-amz-security-token"]]).toEqual(["07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", TOKEN])
  })

  test("the whole header, and no length in it, which is the client library's to set", () => {
    const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "13", "user-agent": "any" }
    expect(sign(request("POST", "https://example.amazonaws.com/", headers, "Param1=value1"))).toEqual({
      "x-amz-date": "20150830T123600Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    })
  })
})

// docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature calculations".
describe("the examples of S3's documentation", () => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }
  const scope = { region: "us-east-1", service: "s3" }
  const at = new Date("2013-05-24T00:00:00Z")

  test.each<[name: string, HttpRequest, signature: string]>([
    [
      "GET Object",
      request("GET", "https://examplebucket.s3.amazonaws.com/test.txt", { range: "bytes=0-9" }),
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ],
    [
      "PUT Object",
      request(
        "PUT",
        "https://examplebucket.s3.amazonaws.com/test$file.text",
        { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
        "Welcome to Amazon S3.",
      ),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ],
    [
      "GET Bucket Lifecycle",
      request("GET", "https://examplebucket.s3.amazonaws.com/?lifecycle"),
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ],
    [
      "List Objects",
      request("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"),
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("%s", (_, each, signature) => expect(signatureOf(signV4(each, credentials, scope, at))).toBe(signature))

  test("a path is signed the same however it is escaped; an escaped slash stays one", () => {
    const sign = (path: string) => signatureOf(signV4(request("GET", `https://examplebucket.s3.amazonaws.com/${path}`), credentials, scope, at))
    expect(sign("a%20b%24c")).toBe(sign("a b$c"))
    expect(sign("a%2Fb")).not.toBe(sign("a/b"))
    expect(sign("100%")).toMatch(/^[0-9a-f]{64}$/)
  })
})
