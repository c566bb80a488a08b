import { open } from "node:fs/promises"
import { basename } from "node:path"
import { Readable } from "node:stream"
import type { Wire } from "../../wire.ts"
import { queryString, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { agreed, type ConsentOptions } from "../consent.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import { facts, table } from "../table.ts"

type Upload = Wire["Upload"]

export interface AddOptions {
  readonly name?: string
}

/** Uploads a file unchanged, in pieces. Its id is the only line on stdout, for use in scripts. */
export async function add({ shell, terminal, hub }: Cli, file: string, options: AddOptions): Promise<Exit> {
  const name = options.name ?? (file === "-" ? undefined : basename(file))
  if (file === "-" && shell.stdin.isTTY === true) throw usage("The file should come from stdin, but stdin is a terminal.", "Pipe it in, or name a file.")
  const client = await hub()
  const body = file === "-" ? shell.stdin : await contentOf(file)
  const made = await client.send<Upload>(`/v1/uploads${queryString({ name })}`, Readable.toWeb(body) as ReadableStream<Uint8Array>)
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Uploaded ${made.name}: ${made.bytes} bytes, SHA-256 ${made.sha256}. Its id:`)
    await terminal.line(made.id)
  }
  return EXIT.ok
}

async function contentOf(path: string): Promise<Readable> {
  try {
    const file = await open(path)
    if ((await file.stat()).isDirectory()) {
      await file.close()
      throw usage(`${path} is a folder.`, "Name a file.")
    }
    return file.createReadStream()
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw usage(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unreadable"}).`, "Check the path and its permissions.")
  }
}

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const page = await readAll<Upload>(await hub(), "/v1/uploads")
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0) terminal.note("There are no uploads; send one with `jackfield uploads add`.")
  else {
    const rows = page.data.map((each) => [each.name, String(each.bytes), when(each.createdAt), each.usedBy.join(", "), each.id])
    await terminal.write(table(["NAME", "BYTES", "UPLOADED", "READ BY", "ID"], rows, { width: terminal.width, header: terminal.bold, rightAligned: [1] }))
  }
  return EXIT.ok
}

/** Shows one upload, without its bytes, by id or name. */
export async function show({ terminal, hub }: Cli, wanted: string): Promise<Exit> {
  const found = await named(await hub(), wanted)
  if (terminal.json) await terminal.document(found)
  else {
    const rows = [
      ["name", found.name],
      ["bytes", String(found.bytes)],
      ["sha256", found.sha256],
      ["sent", when(found.createdAt)],
      ["read by", found.usedBy.length === 0 ? "nothing" : found.usedBy.join(", ")],
      ["id", found.id],
    ] as const
    await terminal.write(facts(rows, terminal.dim))
  }
  return EXIT.ok
}

/** Removes the upload with that id, or the only one with that name. */
export async function remove({ terminal, hub }: Cli, wanted: string, options: ConsentOptions): Promise<Exit> {
  const client = await hub()
  const found = await named(client, wanted)
  if (!(await agreed(terminal, options, "Removing an upload", `Remove ${found.name} (${found.bytes} bytes)?`))) return EXIT.failed
  await client.remove(`/v1/uploads/${encodeURIComponent(found.id)}`)
  if (terminal.json) await terminal.document({ removed: found })
  else await terminal.line(`Removed ${found.name}.`)
  return EXIT.ok
}

/** Finds an upload by id, or by a name that no other upload has. */
async function named(client: HubClient, wanted: string): Promise<Upload> {
  const { data } = await readAll<Upload>(client, "/v1/uploads")
  const byId = data.filter(({ id }) => id === wanted)
  const [found, ...others] = byId.length > 0 ? byId : data.filter(({ name }) => name === wanted)
  if (found === undefined)
    throw new Failure(EXIT.notFound, { code: "not_found", detail: "There is no upload with that id or name.", next: "See `jackfield uploads list`." })
  if (others.length > 0) throw usage(`${others.length + 1} uploads have that name.`, "Use the id; see `jackfield uploads list`.")
  return found
}
