import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { folderStore, writeIn } from "../../../../test/support/folder-store.ts"
import { type KeptFolder, keepFolder } from "../../../../test/support/keeper.ts"
import type { Call } from "../../../core/call.ts"
import { csvFormat } from "./csv/format.ts"
import { AUTO } from "./csv/options.ts"
import { jsonFormat } from "./json/format.ts"
import { Layout, type LayoutSpec } from "./layout.ts"
import { ndjsonFormat } from "./ndjson/format.ts"
import type { FileClient } from "./open-file.ts"
import { fileVerbs } from "./verbs.ts"

const verbs = fileVerbs<FileClient>("Files")
const call = (): Call =>
  ({
    batchRows: 2,
    signal: new AbortController().signal,
    remainingMs: () => 1e6,
    stage: (_: string, work: () => unknown) => work(),
    log: () => undefined,
  }) as unknown as Call

let folder: KeptFolder
beforeEach(() => {
  folder = keepFolder("files")
})
afterEach(() => folder.close())

const client = (layout: LayoutSpec, more: Partial<FileClient> = {}): FileClient => ({
  store: folderStore(folder.path),
  layout: new Layout(layout),
  formats: [csvFormat()],
  survey: "heads",
  ...more,
})
const put = (path: string, content: string): Promise<void> => writeIn(folder.path, path, content)

describe("a connector test", () => {
  const tested = (of: FileClient) => verbs.test(of, call())

  it.each([
    ["CSV", "a.csv", "a,b,c\n1,2\n3,4\n", /Each of the first 2 records of a.csv is rejected: line 2 has 2 fields/],
    ["one object per line", "a.ndjson", '{"a"\n', /The only record of a.ndjson is rejected: line 1 is not valid JSON/],
    ["an array", "a.json", "[1,2]", /Each of the first 2 records of a.json is rejected: line 1 is not a JSON object/],
  ])("fails for a file whose first records are all rejected: %s", async (_, path, text, says) => {
    await put(path, text)
    const formats = [path.endsWith("csv") ? csvFormat() : path.endsWith("ndjson") ? ndjsonFormat() : jsonFormat()]
    await expect(tested(client({ per: "one" }, { formats }))).rejects.toMatchObject({
      code: "response_invalid",
      message: expect.stringMatching(says),
    })
  })

  it("reports the number of rejected records, and reports guesses as data and as warnings", async () => {
    await put("a.csv", "code,name\nA,Ada\nB\nC,Cy\n")
    const { warnings, guesses } = await tested(client({ per: "file", glob: "**" }))
    expect(warnings?.[0]).toBe("1 of the first 3 records is rejected; the first one, line 3, has 1 field, and the file has 2 columns.")
    expect(guesses).toMatchObject([{ setting: "header", taken: "yes", alternative: "no" }])
    expect(warnings?.slice(1)).toEqual(guesses?.map(({ message }) => message))
  })

  it("passes for a header alone", async () => {
    await put("a.csv", "code,name\n")
    expect((await tested(client({ per: "file", glob: "**" }))).details).toMatchObject({ columns: 2, header: true })
  })
})

describe("a file of comments alone", () => {
  it("fails if the comment prefix is fixed", async () => {
    await put("a.csv", "# a\n# b\n")
    const formats = [csvFormat({ ...AUTO, commentPrefix: "#" })]
    await expect(verbs.test(client({ per: "one" }, { formats }), call())).rejects.toMatchObject({
      code: "response_invalid",
      message: expect.stringContaining("no record"),
    })
  })
})
