import { PlatformError } from "../core/errors.ts"
import type { KeyProvider } from "./key-provider.ts"
import { loadLocalKeys } from "./local-keys.ts"

/** What the environment says of the master keys. */
export interface KeySettings {
  /** JACKFIELD_MASTER_KEY, _FILE and _PREVIOUS. */
  readonly local: { readonly value?: string | undefined; readonly file?: string | undefined; readonly previous?: string | undefined }
}

/** Where the keys are wanted: `dataDir` is an embedded hub's, undefined with DATABASE_URL; `mayCreate` on its very first start. */
export interface KeyPlace {
  readonly dataDir: string | undefined
  readonly mayCreate: boolean
}

type Get = (name: string) => string | undefined

/** Reads the variables of the master keys; `fault` is told of each that is wrong. */
export function readKeySettings(get: Get, fault: (name: string, message: string) => void): KeySettings {
  const local = { value: get("JACKFIELD_MASTER_KEY"), file: get("JACKFIELD_MASTER_KEY_FILE"), previous: get("JACKFIELD_MASTER_KEY_PREVIOUS") }
  if (local.value !== undefined && local.file !== undefined) fault("JACKFIELD_MASTER_KEY", "and JACKFIELD_MASTER_KEY_FILE are both set; set one.")
  if (get("DATABASE_URL") !== undefined && local.value === undefined && local.file === undefined)
    fault("JACKFIELD_MASTER_KEY", "must be given with DATABASE_URL: set it to the same `openssl rand -base64 32` on every node.")
  return { local }
}

/** The provider that the settings describe. */
export async function loadKeys(settings: KeySettings, place: KeyPlace): Promise<KeyProvider> {
  const { value, file, previous } = settings.local
  return await loadLocalKeys({ masterKey: value, masterKeyFile: file, previous, ...place })
}

/** The same from an environment, where an empty variable counts as absent; PlatformError `config_invalid` with every fault. */
export function keySettingsOf(env: Readonly<Record<string, string | undefined>>): KeySettings {
  const faults: { pointer: string; message: string }[] = []
  const get: Get = (name) => (env[name] === "" ? undefined : env[name])
  const settings = readKeySettings(get, (name, message) => faults.push({ pointer: name, message: `${name} ${message}` }))
  if (faults.length === 0) return settings
  throw new PlatformError("config_invalid", `The environment has faults: ${faults.map((each) => each.message).join(" ")}`, { faults })
}
