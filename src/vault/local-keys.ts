import { createHmac, randomBytes } from "node:crypto"
import { mkdir, open, readFile } from "node:fs/promises"
import { join } from "node:path"
import { PlatformError } from "../core/errors.ts"
import { keyIdOf, openEnvelope, sealEnvelope } from "./envelope.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"

/** What the environment says of the master key, and where its file is kept otherwise. */
export interface LocalKeySource {
  /** JACKFIELD_MASTER_KEY: base64, 32 bytes. */
  readonly masterKey?: string | undefined
  /** JACKFIELD_MASTER_KEY_FILE: a file that holds the same. */
  readonly masterKeyFile?: string | undefined
  /** JACKFIELD_MASTER_KEY_PREVIOUS: older keys, comma-separated, for opening alone. */
  readonly previous?: string | undefined
  /** The data folder of an embedded hub, whose `master.key` is used when nothing is given; undefined with DATABASE_URL, where a key must be given. */
  readonly dataDir?: string | undefined
  /** True on the very first start, when a missing `master.key` is made; later a missing one is an error, for it would open nothing. */
  readonly mayCreate: boolean
}

/** Master keys held in memory. */
export class LocalKeys implements KeyProvider {
  /** Names the key that wraps. */
  readonly keyId: string
  readonly #keys: ReadonlyMap<string, Uint8Array>

  /** The first key wraps; all of them unwrap. */
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
      throw unreadable(`Data key ${context.dataKeyId} does not open: it was changed in the database.`, cause)
    }
  }

  #key(keyId: string): Uint8Array {
    const key = this.#keys.get(keyId)
    if (key) return key
    throw unreadable(`The master key ${keyId} is not among this hub's; give it in JACKFIELD_MASTER_KEY or JACKFIELD_MASTER_KEY_PREVIOUS.`)
  }
}

const unreadable = (message: string, cause?: unknown): PlatformError => new PlatformError("secret_unreadable", message, { cause })

const bindingOf = (context: KeyContext) => ({ ws: context.workspaceId, dk: context.dataKeyId })

/** Names a key without telling anything of it. */
const idOf = (key: Uint8Array): string => createHmac("sha256", key).update("jackfield master key id").digest("hex").slice(0, 12)

/** The master keys of a hub; PlatformError that says what to do when there is none or it is not 32 bytes of base64. */
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
    throw unreadable("With DATABASE_URL the master key must be given: set JACKFIELD_MASTER_KEY to the same `openssl rand -base64 32` on every node.")
  }
  const file = join(source.dataDir, "master.key")
  return parseKey((await readIfThere(file)) ?? (await makeKeyFile(source.dataDir, file, source.mayCreate)), file)
}

async function readIfThere(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw unreadable(`The master key file ${file} cannot be read; see who owns it.`, error)
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
      `The master key ${file} is gone, or was never there, and a new one opens nothing that is stored; put the file back from your copy, or give JACKFIELD_MASTER_KEY.`,
    )
  }
  const text = `${randomBytes(32).toString("base64")}\n`
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    // "wx": of two processes that got this far one wins, and no key is ever written over.
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
    throw unreadable(`The master key could not be written to ${file}; see that the disk has room and can be written.`, cause)
  }
}

function parseKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim()
  const key = Buffer.from(trimmed, "base64")
  const canonical = trimmed.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "")
  if (key.length === 32 && key.toString("base64").replace(/=+$/, "") === canonical) return key
  throw unreadable(`${where} must hold 32 bytes in base64, as \`openssl rand -base64 32\` prints them; what it holds is not that.`)
}
