import { PlatformError } from "../../../core/errors.ts"

/** A file's path as the last part of a URL's path, which cannot contain `.` or `..`, because it would be the address of another file. */
export function urlPath(path: string): string {
  if (path.split("/").some((part) => part === "." || part === ".."))
    throw new PlatformError(
      "response_invalid",
      `The file ${path} has . or .. as a part of its path, which a URL cannot contain; rename the file, or exclude it with Files.`,
    )
  return path.split("/").map(encodeURIComponent).join("/")
}
