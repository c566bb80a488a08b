import { randomBytes } from "node:crypto"
import { mkdirSync } from "node:fs"
import { get } from "node:https"
import { join } from "node:path"
import { giveToServer } from "../support/servers/account.ts"
import { defineServer } from "../support/servers/server.ts"

/** A Versity S3 Gateway: Amazon S3's API over a folder, with signatures checked. */
export interface S3Gateway {
  readonly port: number
  /** PEM. */
  readonly ca: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The folder of its buckets. */
  readonly folder: string
}

const REGION = "eu-west-1"

export const versitygw = defineServer<S3Gateway>({
  name: "versitygw",
  packages: { go: ["github.com/versity/versitygw/cmd/versitygw@v1.8.0"] },
  async begin(sandbox, { program }, { tls }) {
    const accessKeyId = `JACKFIELDROOT${randomBytes(4).toString("hex").toUpperCase()}`
    const secretAccessKey = randomBytes(24).toString("base64url")
    const [cert, key] = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key)]
    const folder = join(sandbox.folder, "buckets")
    mkdirSync(folder)
    giveToServer(folder)
    return sandbox.onFreePorts(1, async (port) => {
      const args = ["--port", `127.0.0.1:${port}`, "--cert", cert, "--key", key, "--region", REGION, "posix", folder]
      const env = { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }
      await sandbox.launch("versitygw", program("versitygw"), args, { env, ready: async () => await answers(port, tls.ca) })
      return { port, ca: tls.ca, region: REGION, accessKeyId, secretAccessKey, folder }
    })
  },
})

/** Whether anything is answered; without a signature that is a refusal. */
const answers = (port: number, ca: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, ca, agent: false }, (response) => {
      response.resume()
      resolve(true)
    }).once("error", reject)
  })
