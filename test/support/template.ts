import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { keepFolder } from "./keeper.ts"

/**
 * A folder that takes a while to make: it is made once in the tests' process, and every copy has its owners and modes.
 * Gives a function that copies it to a path where nothing is yet.
 */
export function template(make: (folder: string) => Promise<void>): (to: string) => Promise<void> {
  let made: Promise<string> | undefined
  const begin = async (): Promise<string> => {
    const folder = join(keepFolder("test-template").path, "folder")
    await make(folder)
    return folder
  }
  return async (to) => {
    made ??= begin()
    await promisify(execFile)("cp", ["-a", await made, to])
  }
}
