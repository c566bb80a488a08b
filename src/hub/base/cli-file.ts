import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** The file by which the CLI on this machine finds its hub: `<data>/cli.json`, mode 0600. */
export interface CliFile {
  readonly url: string
  readonly key: string
}

const pathOf = (dataDir: string): string => join(dataDir, "cli.json")

/** Writes another file and renames it, so that a reader never sees half of the content. */
export async function writeCliFile(dataDir: string, file: CliFile): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const fresh = `${pathOf(dataDir)}.${process.pid}`
  await writeFile(fresh, `${JSON.stringify(file)}\n`, { mode: 0o600 })
  await rename(fresh, pathOf(dataDir))
}

/** The content of the file; undefined when the file is missing or is not a CLI file. */
export async function readCliFile(dataDir: string): Promise<CliFile | undefined> {
  try {
    const { url, key } = JSON.parse(await readFile(pathOf(dataDir), "utf8")) as Partial<CliFile>
    return typeof url === "string" && typeof key === "string" ? { url, key } : undefined
  } catch {
    return undefined
  }
}

/** The URL of a listener. A listener on all addresses is reached by loopback. */
export function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host
  return `http://${reachable}:${port}`
}
