import { resolve } from "node:path"
import { parseDnsServers, parseHosts, Resolver } from "../../net/resolver.ts"
import { serviceCaller } from "../../net/service.ts"
import type { Log } from "../../store/log.ts"
import { type Owner, openOwner } from "../../store/owner.ts"
import type { KeyProvider } from "../../vault/key-provider.ts"
import { keySettingsOf, loadKeys } from "../../vault/key-settings.ts"
import type { Cli } from "../cli.ts"
import { stopped } from "../terminal.ts"

/** A log that shows only warnings. */
const quiet = ({ terminal }: Cli): Log => ({ info: () => undefined, warn: (_, message) => terminal.note(message) })

/** The location of the store according to the environment: an external PostgreSQL, or the data folder. */
export function storePlace(env: NodeJS.ProcessEnv): { readonly dataDir: string; readonly databaseUrl: string | undefined } {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name])
  return { dataDir: resolve(given("JACKFIELD_DATA") ?? "data"), databaseUrl: given("DATABASE_URL") }
}

/**
 * Runs `work` on the hub's database as its operator: next to a running hub, or, for the embedded database, instead of a
 * hub.
 */
export async function asOperator<T>(cli: Cli, options: { readonly make?: boolean }, work: (owner: Owner) => Promise<T>): Promise<T> {
  const { signal } = cli.shell
  const owner = await openOwner({ ...storePlace(cli.shell.env), ...options, log: quiet(cli), signal }).catch((error: unknown) => {
    throw signal.aborted ? stopped() : error
  })
  try {
    return await work(owner)
  } finally {
    await owner.close()
  }
}

/** The master keys that a hub with this environment would have; creates none. */
export async function operatorKeys({ shell }: Cli): Promise<KeyProvider> {
  const { dataDir, databaseUrl } = storePlace(shell.env)
  const [dns, hosts] = [shell.env["JACKFIELD_DNS"] ?? "", shell.env["JACKFIELD_HOSTS"] ?? ""]
  const resolver = new Resolver({ hosts: parseHosts(hosts), ...(dns === "" ? {} : { servers: parseDnsServers(dns) }) })
  const place = { dataDir: databaseUrl === undefined ? dataDir : undefined, mayCreate: false, send: serviceCaller(resolver) }
  return await loadKeys(keySettingsOf(shell.env), place)
}
