import { request } from "node:https"
import { text } from "node:stream/consumers"
import { defineServer } from "../support/servers/server.ts"

/** A moto, an emulator of AWS, that checks signatures and policies as IAM does. */
export interface Moto {
  readonly port: number
  /** May do all in Athena, and assume the role. */
  readonly key: Key
  /** May list workgroups, and nothing else. */
  readonly poorKey: Key
  readonly role: string
  /** A role that may do as little. */
  readonly poorRole: string
}

export interface Key {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const ALL = ["athena:*", "glue:*", "sts:AssumeRole"]
const POOR = ["athena:ListWorkGroups"]
const policy = (actions: readonly string[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] })

/** moto tells its services apart by the scope of a signature, which it does not check yet. */
const IAM = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00"

export const moto = defineServer<Moto>({
  name: "moto",
  packages: { pip: ["moto[server]==5.2.5"] },
  async begin(sandbox, { program }, { tls }) {
    const [cert, key] = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key)]
    return sandbox.onFreePorts(1, async (port) => {
      const ask = asker(port, tls.ca)
      const ready = async (): Promise<boolean> => (await ask("/moto-api/data.json")).includes("{")
      const env = { INITIAL_NO_AUTH_ACTION_COUNT: "1000" }
      await sandbox.launch("moto", program("moto_server"), ["-H", "127.0.0.1", "-p", String(port), "-s", "-c", cert, "-k", key], {
        env,
        ready,
        readyMs: 60_000,
      })
      const iam = async (input: Readonly<Record<string, string>>): Promise<string> =>
        await ask("/", new URLSearchParams({ Version: "2010-05-08", ...input }).toString(), { authorization: IAM })
      const user = async (name: string, actions: readonly string[]): Promise<Key> => {
        await iam({ Action: "CreateUser", UserName: name })
        await iam({ Action: "PutUserPolicy", UserName: name, PolicyName: name, PolicyDocument: policy(actions) })
        const said = await iam({ Action: "CreateAccessKey", UserName: name })
        return { accessKeyId: tag(said, "AccessKeyId"), secretAccessKey: tag(said, "SecretAccessKey") }
      }
      const [rich, poorKey] = [await user("jackfield", ALL), await user("poor", POOR)]
      const roleOf = async (name: string, actions: readonly string[]): Promise<string> => {
        const said = await iam({ Action: "CreateRole", RoleName: name, AssumeRolePolicyDocument: policy(["sts:AssumeRole"]) })
        await iam({ Action: "PutRolePolicy", RoleName: name, PolicyName: name, PolicyDocument: policy(actions) })
        return tag(said, "Arn")
      }
      const [role, poorRole] = [await roleOf("reader", ALL), await roleOf("poor", POOR)]
      // From here on every request must be signed, by an identity that may do what it asks for.
      await ask("/moto-api/reset-auth", "0", { "content-type": "text/plain" })
      return { port, key: rich, poorKey, role, poorRole }
    })
  },
})

function tag(xml: string, name: string): string {
  const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? []
  if (value === undefined) throw new Error(`moto's answer has no ${name}: ${xml.slice(0, 300)}`)
  return value
}

const asker =
  (port: number, ca: string) =>
  (path: string, body?: string, more: Readonly<Record<string, string>> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/x-www-form-urlencoded", ...more }
      const options = { host: "127.0.0.1", port, path, ca, agent: false as const, checkServerIdentity: () => undefined }
      const sent = request({ ...options, method: body === undefined ? "GET" : "POST", headers }, (response) => void text(response).then(resolve, reject))
      sent.once("error", reject).end(body)
    })
