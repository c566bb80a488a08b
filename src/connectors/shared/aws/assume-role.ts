import type { Token, TokenGrant } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Lease } from "../../../core/lease.ts"
import { Scrubber } from "../../../core/scrub.ts"
import type { AwsCredentials } from "../../../core/sigv4.ts"
import { sigV4Auth } from "../http/auth/sigv4.ts"
import type { HttpCall } from "../http/call.ts"
import { httpClient } from "../http/client.ts"
import { requestTo } from "../http/requests.ts"
import { meaningOf } from "../http/statuses.ts"
import { refusalOf } from "./refusals.ts"

export interface Role {
  /** Of STS. */
  readonly host: string
  readonly region: string
  readonly roleArn: string
  readonly externalId: string | undefined
  readonly sessionName: string
}

const MAX_BYTES = 65_536

/** The credentials of a role as one token: STS gives them to the first caller, and every node has them until they end. */
export function assumeRole(keys: AwsCredentials, role: Role, call: HttpCall, refused?: string): Promise<Token> {
  if (call.token === undefined) throw new PlatformError("internal", "A role is needed for a request outside of a connector's call.")
  const terms = JSON.stringify([role, keys])
  return call.token({ identity: terms, terms, ...(refused === undefined ? {} : { refused }), grant: (lease) => grant(keys, role, lease) })
}

/** The credentials that such a token has. */
export const credentialsIn = (token: string): AwsCredentials => JSON.parse(token) as AwsCredentials

/** One request (docs, AWS Security Token Service API, AssumeRole). STS answers in XML. */
async function grant(keys: AwsCredentials, { host, region, roleArn, externalId, sessionName }: Role, lease: Lease): Promise<TokenGrant> {
  const form = new URLSearchParams({ Action: "AssumeRole", Version: "2011-06-15", RoleArn: roleArn, RoleSessionName: sessionName })
  if (externalId !== undefined) form.set("ExternalId", externalId)
  const auth = sigV4Auth(async () => keys, { region, service: "sts" })
  const client = httpClient(lease.dispatcher({ mode: "verify" }), { auth, maxBytes: MAX_BYTES, redirects: false, judge: () => undefined })
  const answer = await client.send(requestTo(new URL(`https://${host}/`), { form, headers: { accept: "application/xml" } }), lease)
  const xml = answer.body.toString("utf8")
  if (answer.status !== 200) {
    const { code, message } = refusalOf(answer)
    const said = new Scrubber([keys.secretAccessKey, externalId ?? ""]).text(message ?? code ?? `HTTP ${answer.status}`)
    const ours = answer.status >= 500 || answer.status === 429 ? meaningOf(answer.status).code : "auth_failed"
    throw new PlatformError(ours, `STS does not let this key assume ${roleArn}: ${said}; check the key, the role's trust policy and the external id.`, {
      details: { code: code ?? `HTTP ${answer.status}`, status: answer.status },
    })
  }
  const found = (name: string): string => new RegExp(`<${name}>\\s*([\\x21-\\x7e]{1,8192}?)\\s*</${name}>`).exec(xml)?.[1] ?? ""
  const [accessKeyId, secretAccessKey, sessionToken] = [found("AccessKeyId"), found("SecretAccessKey"), found("SessionToken")]
  const expiresInMs = Date.parse(found("Expiration")) - Date.now()
  if (accessKeyId === "" || secretAccessKey === "" || sessionToken === "" || Number.isNaN(expiresInMs))
    throw new PlatformError("response_invalid", `${host} answers without credentials; check for a proxy between it and the hub.`)
  return { accessToken: JSON.stringify({ accessKeyId, secretAccessKey, sessionToken }), expiresInMs, refreshToken: undefined }
}
