import type { IncomingMessage, ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import { describe, expect, test } from "vitest"
import { baseOf } from "../../src/connectors/s3/bucket.ts"
import { s3 } from "../../src/connectors/s3.ts"
import type { Session } from "../../src/core/session.ts"
import type { Stream } from "../../src/core/streams.ts"
import { column } from "../fixtures/fixture.ts"
import { startSite } from "../fixtures/site.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly bytes: number
}

type Answer = (heard: Heard, response: ServerResponse) => void

let answer: Answer = (_, response) => response.writeHead(404).end()
const heard: Heard[] = []
const site = use(() =>
  startSite((request, response) => {
    void buffer(request).then((body) => {
      const { method = "", url = "", headers } = request
      heard.push({ method, path: url, headers, bytes: body.length })
      answer(heard.at(-1) as Heard, response)
    })
  }),
)

/** Works with a bucket that answers so. */
async function against<T>(so: Answer, work: (session: Session) => Promise<T>, more: object = {}): Promise<T> {
  answer = so
  heard.length = 0
  const config = {
    bucket: "bucket",
    region: "eu-west-1",
    auth: { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not-a-secret-of-anybody" },
    endpoint: { kind: "custom", url: `https://${SERVER_NAME}:${site.secure.port}`, tls: { kind: "verify", ca: site.ca } },
  }
  return await withSession({ connector: s3 }, { ...config, ...more }, work, { deadlineMs: 10_000 })
}

const xml =
  (text: string, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/xml" }).end(text)
const listed = (keys: readonly string[], more = ""): string =>
  `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"1"</ETag></Contents>`).join("")}${more}</ListBucketResult>`
const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const discover = (session: Session) => collect(session.discover())
const append = (rows: number, length: number) => (session: Session) =>
  session.write(stream("out/"), { columns: [column("text", "string")], rows: Array.from({ length: rows }, () => ["x".repeat(length)]) }, { mode: "append" })

describe("a listing is refused", () => {
  test.each([
    ["that is HTML", "<html><body>Log in", "response_invalid", /other than XML/],
    ["that is no listing", "<Other/>", "response_invalid", /Other instead of a list/],
    ["that is empty", "", "response_invalid", /other than XML/],
    ["without an end", "<ListBucketResult><Contents>", "response_invalid", /other than XML/],
    ["whose entities grow", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${listed(["&b;.csv"])}`, "response_invalid", /other than XML/],
    ["with a file without a size", "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", "response_invalid", /without a key or a size/],
    ["that is cut short", listed(["a"], "<IsTruncated>true</IsTruncated>"), "response_invalid", /without a token for the next page/],
    [
      "that repeats itself",
      listed(["a.csv"], "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"),
      "response_invalid",
      /out of order/,
    ],
    [
      "of empty pages that lead to themselves",
      listed([], "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"),
      "response_invalid",
      /the same page again and again/,
    ],
    ["of elements without end within one another", "<a>".repeat(1_000), "response_invalid", /other than XML/],
  ])("%s", async (_, text, code, message) => {
    const error = await failure(against(xml(text), discover))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })
})

describe("a redirect is not followed", () => {
  test.each([301, 302, 307, 308])("with status %i", async (status) => {
    const redirect: Answer = (_, response) => response.writeHead(status, { location: "http://169.254.169.254/latest/meta-data/" }).end()
    const error = await failure(against(redirect, discover))
    expect([error.code, heard.length]).toEqual(["response_invalid", 1])
    expect(error.message).toMatch(/answers with a redirect \(\d+\), which is not followed; correct Region or Endpoint/)
  })

  test("but tells the bucket's region", async () => {
    const error = await failure(against((_, response) => response.writeHead(301, { "x-amz-bucket-region": "us-west-2" }).end(), discover))
    expect([error.code, error.faults]).toMatchObject(["config_invalid", [{ pointer: "/config/region" }]])
    expect(error.message).toMatch(/is in the region us-west-2/)
  })
})

describe("a file of several parts", () => {
  const upload =
    (complete: string, failing?: number): Answer =>
    ({ method, path }, response) => {
      const part = Number(/partNumber=(\d+)/.exec(path)?.[1])
      if (method === "GET") return xml(listed([]))({} as Heard, response)
      if (path.endsWith("?uploads=")) return xml("<R><UploadId>id 1</UploadId></R>")({} as Heard, response)
      if (part === failing) return void response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
      if (part > 0) return void response.writeHead(200, { etag: `"e${part}"` }).end()
      if (method === "POST") return xml(complete)({} as Heard, response)
      response.writeHead(204).end()
    }
  const done = '<CompleteMultipartUploadResult><ETag>"whole-2"</ETag></CompleteMultipartUploadResult>'
  const sent = () => heard.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path.replace(/^.*\?/, "")}`)

  test("is put together when all of them are there", async () => {
    await against(upload(done), append(20, 1_000_000), { streams: "folder" })
    expect(sent()).toEqual(["POST uploads=", "PUT partNumber=1&uploadId=id%201", "PUT partNumber=2&uploadId=id%201", "POST uploadId=id%201"])
  })

  test("is given up when a part is refused", async () => {
    const error = await failure(against(upload(done, 2), append(20, 1_000_000), { streams: "folder" }))
    expect([error.code, sent().at(-1)]).toEqual(["permission_denied", "DELETE uploadId=id%201"])
    expect(error.message).toMatch(/AccessDenied.*allow s3:ListBucket/)
  })

  test("is given up when putting it together fails with status 200", async () => {
    const error = await failure(
      against(upload("<Error><Code>InternalError</Code><Message>Try again.</Message></Error>"), append(20, 1_000_000), { streams: "folder" }),
    )
    expect([error.code, sent().at(-1)]).toEqual(["remote_failed", "DELETE uploadId=id%201"])
  })
})

test("headers of the settings go with each request", async () => {
  const key = Buffer.alloc(32, 7).toString("base64")
  const put: Answer = ({ method }, response) => (method === "GET" ? xml(listed([]))({} as Heard, response) : response.writeHead(200, { etag: '"1"' }).end())
  const headersOf = async (more: object) => {
    await against(put, append(1, 1), { streams: "folder", ...more })
    return heard.find(({ method }) => method === "PUT")?.headers ?? {}
  }
  expect(await headersOf({ requesterPays: "yes", bucketOwner: "123456789012" })).toMatchObject({
    "x-amz-request-payer": "requester",
    "x-amz-expected-bucket-owner": "123456789012",
  })
  expect(await headersOf({ encryption: { kind: "kms", kmsKey: "alias/mine" } })).toMatchObject({
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/mine",
  })
  expect(await headersOf({ encryption: { kind: "customer", key } })).toMatchObject({ "x-amz-server-side-encryption-customer-key": key })
  for (const name of Object.keys(await headersOf({ encryption: { kind: "s3" } })).filter((each) => each.startsWith("x-amz")))
    expect(heard.find(({ method }) => method === "PUT")?.headers.authorization).toContain(name)
})

test("a name that a URL cannot have is not read from another place", async () => {
  const list: Answer = ({ path }, response) =>
    path.includes("list-type") ? xml(listed(["a/../secret.csv"]))({} as Heard, response) : response.writeHead(200).end("x\n1\n")
  const found = await against(list, discover)
  expect(found.flatMap((each) => ("skipped" in each ? [each.skipped.reason] : []))).toEqual([expect.stringMatching(/has \. or \.\. as a part/)])
  expect(heard.every(({ path }) => path.includes("list-type"))).toBe(true)
})

test.each([
  [{ bucket: "my-bucket", region: "eu-central-1", endpoint: { kind: "standard" } }, "https://my-bucket.s3.eu-central-1.amazonaws.com/"],
  [{ bucket: "my.bucket", region: "eu-central-1", endpoint: { kind: "standard" } }, "https://s3.eu-central-1.amazonaws.com/my.bucket/"],
  [{ bucket: "my-bucket", region: "us-gov-west-1", endpoint: { kind: "fips" } }, "https://my-bucket.s3-fips.us-gov-west-1.amazonaws.com/"],
  [{ bucket: "my-bucket", region: "cn-north-1", endpoint: { kind: "standard" } }, "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/"],
  [{ bucket: "b-1", region: "auto", endpoint: { kind: "custom", url: "https://r2.example.com", style: "path" } }, "https://r2.example.com/b-1/"],
  [{ bucket: "b-1", region: "auto", endpoint: { kind: "custom", url: "https://r2.example.com:444", style: "host" } }, "https://b-1.r2.example.com:444/"],
])("%j is at %s", (settings, base) => expect(baseOf(settings as never)).toBe(base))
