import { type ServerTls, serverTls } from "../certificates.ts"
import { type Installed, install, type Packages } from "./packages.ts"
import { openSandbox, type Sandbox } from "./sandbox.ts"

/** A server that tests start when they need it. */
export interface Server<Started extends object, Options extends object = object> {
  /** The product's name, as messages have it. */
  readonly name: string
  readonly packages: Packages
  /**
   * Installs what is missing and starts the server on free ports of 127.0.0.1 with nothing in it. It stops with `stop()`,
   * and at the latest when the tests' process ends, in whatever way.
   */
  start(options?: StartOptions & Options): Promise<Started & Stoppable>
}

export interface StartOptions {
  /** The certificate that it offers; one for SERVER_NAME, `localhost` and 127.0.0.1 unless given. */
  readonly tls?: ServerTls
}

export interface Stoppable extends AsyncDisposable {
  stop(): Promise<void>
}

/** What a server's file has to say of it. */
export interface Definition<Started extends object, Options extends object> {
  readonly name: string
  readonly packages: Packages
  /** Starts the server in its sandbox and says how to reach it. */
  begin(sandbox: Sandbox, installed: Installed, options: Options & { readonly tls: ServerTls }): Promise<Started>
}

/** Makes a server of its definition: what is common to all of them is here. */
export function defineServer<Started extends object, Options extends object = object>(definition: Definition<Started, Options>): Server<Started, Options> {
  const { name, packages, begin } = definition
  return {
    name,
    packages,
    async start(options) {
      const installed = await install(name, packages)
      const sandbox = openSandbox(name)
      try {
        const started = await begin(sandbox, installed, { ...(options as Options), tls: options?.tls ?? serverTls() })
        return Object.assign(started, { stop: sandbox.close, [Symbol.asyncDispose]: sandbox.close })
      } catch (error) {
        await sandbox.close()
        throw error
      }
    },
  }
}
