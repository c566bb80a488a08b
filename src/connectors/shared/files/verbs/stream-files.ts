import type { Call } from "../../../../core/call.ts"
import { filesBelow } from "../listing.ts"
import type { FileClient } from "../open-file.ts"
import type { FileEntry } from "../store.ts"

/** The files of a folder's stream, in the order of their paths, after a path. Fails if a folder of the stream cannot be listed. */
export async function* streamFiles({ store, layout }: FileClient, name: string, after: string | undefined, call: Call): AsyncGenerator<FileEntry> {
  const mayHide = (folder: string): boolean => layout.streamOf(`${folder}file`) === name
  for await (const entry of filesBelow(store, layout.prefixOf(name), after, call, mayHide))
    if (layout.has(entry.path) && layout.streamOf(entry.path) === name) yield entry
}
