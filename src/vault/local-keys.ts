import { createHmac, randomBytes } from "node:crypto"
import { mkdir, open, readFile } from "node:fs/promises"
import { join } from "node:path"
import { PlatformError } from "../core/errors.ts"
import { keyIdOf, openEnvelope, sealEnvelope } from "./envelope.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"

/** The configuration of the master key in the environment, and the folder of its file otherwise. */
export interface LocalKeySource {
  /** JACKFIELD_MASTER_KEY: base64, 32 bytes. */
  readonly masterKey?: string | undefined
  /** JACKFIELD_MASTER_KEY_FILE: a file that contains the same. */
  readonly masterKeyFile?: string | undefined
  /** JACKFIELD_MASTER_KEY_PREVIOUS: older keys, comma-separated, used only to unwrap. */
  readonly previous?: string | undefined
  /**
   * The data folder of an embedded hub, whose `master.key` is used by default; undefined with DATABASE_URL, which
   * requires a key in the environment.
   */
  readonly dataDir?: string | undefined
  /**
   * True on the very first start, when a missing `master.key` is created. Later a missing file is an error, because a
   * new key could open nothing.
   */
  readonly mayCreate: boolean
}

/** Master keys in memory. */
export class LocalKeys implements KeyProvider {
  /** The id of the key that wraps. */
  readonly keyId: string
  readonly #keys: ReadonlyMap<string, Uint8Array>

  /** `current` wraps; all keys unwrap. */
  constructor(current: Uint8Array, previous: readonly Uint8Array[] = []) {
    this.keyId = idOf(current)
    this.#keys = new Map([current, ...previous].map((key) => [idOf(key), key]))
  }

  async currentKeyId(): Promise<string> {
    return this.keyId
  }

  knows(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  async wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey> {
    return { keyId: this.keyId, wrapped: await sealEnvelope(dataKey, this.#key(this.keyId), this.keyId, bindingOf(context)) }
  }

  async unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array> {
    const key = this.#key(keyId)
    if (keyIdOf(wrapped, bindingOf(context)) !== keyId)
      throw unreadable(`Data key ${context.dataKeyId} is not wrapped for the workspace that it is stored under.`)
    try {
      return await openEnvelope(wrapped, key)
    } catch (cause) {
      throw unreadable(`Data key ${context.dataKeyId} cannot be decrypted: it was changed in the database.`, cause)
    }
  }

  #key(keyId: string): Uint8Array {
    const key = this.#keys.get(keyId)
    if (key) return key
    throw unreadable(`The master key ${keyId} is not among this hub's; set it in JACKFIELD_MASTER_KEY or JACKFIELD_MASTER_KEY_PREVIOUS.`)
  }
}

const unreadable = (message: string, cause?: unknown): PlatformError => new PlatformError("secret_unreadable", message, { cause })

const bindingOf = (context: KeyContext) => ({ ws: context.workspaceId, dk: context.dataKeyId })

/** An id of a key that reveals nothing about it. */
const idOf = (key: Uint8Array): string => createHmac("sha256", key).update("jackfield master key id").digest("hex").slice(0, 12)

/** The master keys of a hub; PlatformError with the next step if there is none or it is not 32 bytes of base64. */
export async function loadLocalKeys(source: LocalKeySource): Promise<LocalKeys> {
  const previous = (source.previous ?? "").split(",").filter((part) => part.trim() !== "")
  return new LocalKeys(
    await loadCurrent(source),
    previous.map((text) => parseKey(text, "JACKFIELD_MASTER_KEY_PREVIOUS")),
  )
}

async function loadCurrent(source: LocalKeySource): Promise<Uint8Array> {
  if (source.masterKey !== undefined && source.masterKeyFile !== undefined) {
    throw unreadable("JACKFIELD_MASTER_KEY and JACKFIELD_MASTER_KEY_FILE are both set; keep one of them.")
  }
  if (source.masterKey !== undefined) return parseKey(source.masterKey, "JACKFIELD_MASTER_KEY")
  if (source.masterKeyFile !== undefined) return parseKey(await readKeyFile(source.masterKeyFile), source.masterKeyFile)
  if (source.dataDir === undefined) {
    throw unreadable("With DATABASE_URL the master key must be configured: set JACKFIELD_MASTER_KEY to the same `openssl rand -base64 32` on every node.")
  }
  const file = join(source.dataDir, "master.key")
  return parseKey((await readIfThere(file)) ?? (await makeKeyFile(source.dataDir, file, source.mayCreate)), file)
}

async function readIfThere(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw unreadable(`The master key file ${file} cannot be read; check its owner.`, error)
  })
}

async function readKeyFile(file: string): Promise<string> {
  const text = await readIfThere(file)
  if (text === undefined) throw unreadable(`JACKFIELD_MASTER_KEY_FILE names ${file}, which does not exist.`)
  return text
}

async function makeKeyFile(dataDir: string, file: string, mayCreate: boolean): Promise<string> {
  if (!mayCreate) {
    throw unreadable(
      `The master key ${file} is missing, and a new key could not open the stored secrets; restore the file from your copy, or set JACKFIELD_MASTER_KEY.`,
    )
  }
  const text = `${randomBytes(32).toString("base64")}\n`
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    // "wx": if two processes get this far, one wins, and an existing key is never overwritten.
    const handle = await open(file, "wx", 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return text
  } catch (cause) {
    const theirs = await readIfThere(file)
    if (theirs) return theirs
    throw unreadable(`The master key could not be written to ${file}; check that the disk has space and is writable.`, cause)
  }
}

function parseKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim()
  const key = Buffer.from(trimmed, "base64")
  const canonical = trimmed.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "")
  if (key.length === 32 && key.toString("base64").replace(/=+$/, "") === canonical) return key
  throw unreadable(`${where} does not contain 32 bytes in base64; \`openssl rand -base64 32\` makes a valid key.`)
}
