import { randomBytes } from "node:crypto"
import { get } from "node:https"
import { join } from "node:path"
import { defineServer } from "../support/servers/server.ts"

/** An Azurite, the vendor's emulator of Azure Storage: blobs of one account, with keys and signatures checked, and tokens by their claims. */
export interface Azurite {
  readonly port: number
  /** PEM. */
  readonly ca: string
  readonly account: string
  /** In base64. */
  readonly key: string
}

export const azurite = defineServer<Azurite>({
  name: "Azurite",
  packages: { npm: ["azurite@3.35.0"] },
  async begin(sandbox, { folder }, { tls }) {
    const [account, key] = [`jackfield${randomBytes(3).toString("hex")}`, randomBytes(64).toString("base64")]
    const files = { cert: sandbox.write("server.pem", tls.cert), key: sandbox.write("server.key", tls.key), location: join(sandbox.folder, "data") }
    return sandbox.onFreePorts(1, async (port) => {
      const settings = { blobHost: "127.0.0.1", blobPort: port, oauth: "basic", ...files }
      const flags = ["disableProductStyleUrl", "skipApiVersionCheck", "disableTelemetry", "silent"].map((name) => `--${name}`)
      const args = [
        join(folder, "node_modules/azurite/dist/src/blob/main.js"),
        ...flags,
        ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ]
      await sandbox.launch("azurite", "node", args, { env: { AZURITE_ACCOUNTS: `${account}:${key}` }, ready: () => answers(port, tls.ca) })
      return { port, ca: tls.ca, account, key }
    })
  },
})

/** Whether anything is answered; without a login that is a refusal. */
const answers = (port: number, ca: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, ca, agent: false, servername: "localhost" }, (response) => {
      response.resume()
      resolve(true)
    }).once("error", reject)
  })
