import { PlatformError } from "../../core/errors.ts"
import { callHub } from "../../core/remedies.ts"

/** What a caller may list to find the right name: in words, by the API, and on the command line. */
export interface Listing {
  readonly things: string
  readonly path: string
  readonly command?: string
}

/** `not_found`: `missing` is the sentence without its end, such as `There is no connector "shop" in this workspace`; `hint` follows it. */
export const notFound = (missing: string, { things, path, command }: Listing, hint = ""): PlatformError =>
  new PlatformError("not_found", `${missing}; list the ${things} to see what there is.${hint}`, {
    remedies: [callHub(`List the ${things}`, "GET", path, command)],
  })
