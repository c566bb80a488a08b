import { PlatformError } from "../../../core/errors.ts"

/** A file's path as the last parts of a URL's. A URL cannot have `.` or `..` there: it would be the address of another file. */
export function urlPath(path: string): string {
  if (path.split("/").some((part) => part === "." || part === ".."))
    throw new PlatformError(
      "response_invalid",
      `The file ${path} has . or .. as a part of its name, which a URL cannot have; rename it, or leave it out by Files.`,
    )
  return path.split("/").map(encodeURIComponent).join("/")
}
