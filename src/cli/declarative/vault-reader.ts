import type { Shell } from "../shell.ts"

/** A field of a secret in the notation of `vault kv get`: the path with its mount, without `data/`. */
interface VaultReference {
  readonly path: string
  readonly field: string
}

type Given = { readonly text: string } | { readonly fault: string }
type Fields = { readonly fields: Readonly<Record<string, unknown>> } | { readonly fault: string }

const DEADLINE_MS = 10_000

/** Parses `secret/shop#password`; undefined if the text is not a reference. */
export function vaultReference(text: string): VaultReference | undefined {
  const [, path, field] = /^([^#\s?]+)#([^#]+)$/.exec(text) ?? []
  if (path === undefined || field === undefined || path.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined
  return { path, field }
}

/**
 * Reads HashiCorp Vault's key-value store (version 2) over its HTTP API with the user's `VAULT_ADDR`, `VAULT_TOKEN`
 * and `VAULT_NAMESPACE`. It asks Vault which part of a path is the mount, as Vault's own CLI does
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). Each secret is read once; the token is sent to no
 * other host.
 */
export class VaultReader {
  readonly #shell: Shell
  readonly #read = new Map<string, Promise<Fields>>()

  constructor(shell: Shell) {
    this.#shell = shell
  }

  /** The text of the field, or the problem, without any part of the secret. */
  async read({ path, field }: VaultReference): Promise<Given> {
    let found = this.#read.get(path)
    if (found === undefined) {
      found = this.#secret(path)
      this.#read.set(path, found)
    }
    const secret = await found
    if ("fault" in secret) return secret
    const value = Object.hasOwn(secret.fields, field) ? secret.fields[field] : undefined
    if (value === undefined || value === null) return { fault: `Vault's ${path} has no field ${field.slice(0, 100)}.` }
    if (typeof value === "object") return { fault: `Vault's ${path} has an object in ${field.slice(0, 100)}, but a text is needed.` }
    return { text: String(value) }
  }

  async #secret(path: string): Promise<Fields> {
    const mount = await this.#get(`sys/internal/ui/mounts/${encoded(path)}`, path)
    if ("fault" in mount) return mount
    const { path: base, options } = (mount.data["data"] ?? {}) as { path?: unknown; options?: { version?: unknown } | null }
    if (typeof base !== "string" || !`${path}/`.startsWith(base)) return { fault: `Vault has no mount for ${path}.` }
    if (options?.version !== "2") return { fault: `Vault's ${base} is not a key-value store of version 2.` }
    const below = path.slice(base.length)
    if (below === "") return { fault: `Vault's ${path} is a mount, not a secret in it.` }
    const secret = await this.#get(`${encoded(base)}data/${encoded(below)}`, path)
    if ("fault" in secret) return secret
    const fields = (secret.data["data"] as { data?: unknown } | undefined)?.data
    if (fields === null || typeof fields !== "object") return { fault: `Vault's ${path} was deleted.` }
    return { fields: fields as Record<string, unknown> }
  }

  async #get(route: string, path: string): Promise<{ readonly data: Readonly<Record<string, unknown>> } | { readonly fault: string }> {
    const { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_NAMESPACE: namespace } = this.#shell.env
    if (!address || !token) return { fault: `The environment has no ${address ? "VAULT_TOKEN" : "VAULT_ADDR"}; \${vault:…} needs both.` }
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return { fault: "VAULT_ADDR is not an http(s) URL." }
    try {
      const response = await fetch(`${address.replace(/\/+$/, "")}/v1/${route}`, {
        headers: { "x-vault-token": token, "x-vault-request": "true", ...(namespace ? { "x-vault-namespace": namespace } : {}) },
        redirect: "error",
        signal: AbortSignal.any([this.#shell.signal, AbortSignal.timeout(DEADLINE_MS)]),
      })
      if (response.status === 404) return { fault: `Vault has nothing at ${path}; write the path as for \`vault kv get\`, without data/.` }
      if (response.status === 403) return { fault: `Vault does not let this token read ${path}.` }
      if (!response.ok) return { fault: `Vault answered ${response.status} for ${path}.` }
      return { data: (await response.json()) as Record<string, unknown> }
    } catch (error) {
      return { fault: `Vault at ${new URL(address).origin} does not answer, or is not a Vault server (${(error as Error).name}).` }
    }
  }
}

const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/")
