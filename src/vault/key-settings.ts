import { stat } from "node:fs/promises"
import { join } from "node:path"
import { PlatformError } from "../core/errors.ts"
import { AwsKms, type KmsSettings } from "./aws-kms.ts"
import type { KeyProvider } from "./key-provider.ts"
import { KeyRing } from "./key-ring.ts"
import type { Send } from "./key-service.ts"
import { loadLocalKeys } from "./local-keys.ts"
import { Transit, type TransitSettings } from "./transit.ts"

/** The configuration of the master keys in the environment: `provider` wraps, every configured provider unwraps. */
export interface KeySettings {
  readonly provider: "local" | "vault" | "aws"
  /** JACKFIELD_MASTER_KEY, _FILE and _PREVIOUS. */
  readonly local: { readonly value?: string | undefined; readonly file?: string | undefined; readonly previous?: string | undefined }
  readonly transit?: TransitSettings | undefined
  readonly kms?: KmsSettings | undefined
}

/**
 * The place that needs the keys: `dataDir` is that of an embedded hub, undefined with DATABASE_URL; `mayCreate` is
 * true on the very first start.
 */
export interface KeyPlace {
  readonly dataDir: string | undefined
  readonly mayCreate: boolean
  /** Sends requests to a key service. */
  readonly send: Send
}

type Get = (name: string) => string | undefined
type TellFault = (name: string, message: string) => void

/** Reads the variables of the master keys; calls `fault` for each invalid one. */
export function readKeySettings(get: Get, fault: TellFault): KeySettings {
  const provider = get("JACKFIELD_KEY_PROVIDER") ?? "local"
  const local = { value: get("JACKFIELD_MASTER_KEY"), file: get("JACKFIELD_MASTER_KEY_FILE"), previous: get("JACKFIELD_MASTER_KEY_PREVIOUS") }
  const settings = { local, transit: readTransit(get, fault), kms: readKms(get, fault) }
  if (local.value !== undefined && local.file !== undefined) fault("JACKFIELD_MASTER_KEY", "and JACKFIELD_MASTER_KEY_FILE are both set; keep one of them.")
  if (provider === "vault" || provider === "aws") {
    const needed = provider === "vault" ? "JACKFIELD_VAULT_ADDR" : "JACKFIELD_AWS_KMS_KEY"
    if (get(needed) === undefined) fault(needed, `must be set with JACKFIELD_KEY_PROVIDER=${provider}.`)
    return { provider, ...settings }
  }
  if (provider !== "local") fault("JACKFIELD_KEY_PROVIDER", "must be local, vault or aws.")
  if (get("DATABASE_URL") !== undefined && local.value === undefined && local.file === undefined)
    fault("JACKFIELD_MASTER_KEY", "must be set with DATABASE_URL: set it to the same `openssl rand -base64 32` on every node.")
  return { provider: "local", ...settings }
}

function readTransit(get: Get, fault: TellFault): TransitSettings | undefined {
  const address = get("JACKFIELD_VAULT_ADDR")
  if (address === undefined) return undefined
  const key = get("JACKFIELD_VAULT_KEY") ?? "transit/jackfield"
  const tokenFile = get("JACKFIELD_VAULT_TOKEN_FILE")
  if (!isServiceUrl(address)) fault("JACKFIELD_VAULT_ADDR", "must be https://host[:port] (http:// for loopback alone), without a path.")
  if (!/^[\w-]+(\/[\w-]+)+$/.test(key)) fault("JACKFIELD_VAULT_KEY", "must be the mount and the name of a Transit key, such as transit/jackfield.")
  if (tokenFile === undefined) fault("JACKFIELD_VAULT_TOKEN_FILE", "must name the file of the token.")
  return {
    address: address.replace(/\/$/, ""),
    key,
    tokenFile: tokenFile ?? "",
    namespace: get("JACKFIELD_VAULT_NAMESPACE"),
    caFile: get("JACKFIELD_VAULT_CA_FILE"),
  }
}

function readKms(get: Get, fault: TellFault): KmsSettings | undefined {
  const key = get("JACKFIELD_AWS_KMS_KEY")
  if (key === undefined) return undefined
  const region = get("JACKFIELD_AWS_REGION")
  const endpoint = get("JACKFIELD_AWS_KMS_ENDPOINT")
  const credentialsFile = get("JACKFIELD_AWS_CREDENTIALS_FILE")
  if (region === undefined || !/^[a-z0-9-]+$/.test(region)) fault("JACKFIELD_AWS_REGION", "must name the region of the key, such as eu-central-1.")
  if (credentialsFile === undefined) fault("JACKFIELD_AWS_CREDENTIALS_FILE", "must name a file with [default], aws_access_key_id and aws_secret_access_key.")
  if (endpoint !== undefined && !isServiceUrl(endpoint))
    fault("JACKFIELD_AWS_KMS_ENDPOINT", "must be https://host[:port] (http:// for loopback alone), without a path.")
  return { key, region: region ?? "", credentialsFile: credentialsFile ?? "", endpoint: endpoint?.replace(/\/$/, "") }
}

/** Whether the URL is safe for data keys in clear: HTTPS, or HTTP within the machine. */
function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, search, hash, username } = new URL(text)
  const bare = pathname === "/" && search === "" && hash === "" && username === ""
  return bare && (protocol === "https:" || (protocol === "http:" && /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname)))
}

/** The provider that the settings configure. */
export async function loadKeys(settings: KeySettings, place: KeyPlace): Promise<KeyProvider> {
  const services: Readonly<Record<KeySettings["provider"], KeyProvider | undefined>> = {
    vault: settings.transit === undefined ? undefined : new Transit(settings.transit, place.send),
    aws: settings.kms === undefined ? undefined : new AwsKms(settings.kms, place.send),
    local: await localKeys(settings, place),
  }
  const current = services[settings.provider]
  if (current === undefined) throw new PlatformError("config_invalid", `JACKFIELD_KEY_PROVIDER is ${settings.provider}, but its variables are not set.`)
  return new KeyRing(
    current,
    Object.values(services).filter((each): each is KeyProvider => each !== undefined && each !== current),
  )
}

/**
 * The local keys. If a key service replaces them, only existing ones are loaded, to open values that are still
 * encrypted with them.
 */
async function localKeys({ provider, local }: KeySettings, { dataDir, mayCreate }: KeyPlace): Promise<KeyProvider | undefined> {
  const source = { masterKey: local.value, masterKeyFile: local.file, previous: local.previous, dataDir }
  if (provider === "local") return await loadLocalKeys({ ...source, mayCreate })
  if (local.value !== undefined || local.file !== undefined || (dataDir !== undefined && (await stat(join(dataDir, "master.key")).catch(() => undefined))))
    return await loadLocalKeys({ ...source, mayCreate: false })
  const [first, ...rest] = (local.previous ?? "").split(",").filter((part) => part.trim() !== "")
  return first === undefined ? undefined : await loadLocalKeys({ masterKey: first, previous: rest.join(","), mayCreate: false })
}

/**
 * The settings from an environment, in which an empty variable counts as absent; PlatformError `config_invalid` with
 * every fault.
 */
export function keySettingsOf(env: Readonly<Record<string, string | undefined>>): KeySettings {
  const faults: { pointer: string; message: string }[] = []
  const get: Get = (name) => (env[name] === "" ? undefined : env[name])
  const settings = readKeySettings(get, (name, message) => faults.push({ pointer: name, message: `${name} ${message}` }))
  if (faults.length === 0) return settings
  throw new PlatformError("config_invalid", `The environment has errors: ${faults.map((each) => each.message).join(" ")}`, { faults })
}
