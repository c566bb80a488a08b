import { registry } from "../../connectors/index.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { isUrlFault, type UrlConfig } from "../../core/url-form.ts"
import { usage } from "../failure.ts"

/** A URL from the command line, as a connector type and a config. */
export interface TypedUrl extends UrlConfig {
  readonly connector: AnyConnector
}

/**
 * Parses a URL by the WHATWG rules and the rules of its type; it is never passed to a driver. Failures never contain the
 * URL, because it may contain a password.
 */
export function readConnectionUrl(text: string): TypedUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  const example = `Write one like ${examples()}.`
  if (scheme === undefined) throw usage("The argument is not a URL.", example)
  const connector = registry.withScheme(scheme)
  if (connector?.url === undefined) throw usage(`URLs that start with ${scheme}: are not supported.`, example)
  if (!/^[^:]+:\/\/[^/]/.test(text)) throw usage("The URL has no host.", example)
  if (!URL.canParse(text))
    throw usage(
      "The URL cannot be read.",
      "Percent-encode special characters in user and password (@ as %40, # as %23, / as %2F), and use a port from 1 to 65535.",
    )
  const read = connector.url.read(new URL(text))
  if (isUrlFault(read)) throw usage(`The URL ${read.fault}.`, read.next)
  return { connector, ...read }
}

function examples(): string {
  const all = registry.all().flatMap(({ url }) => url?.example ?? [])
  return `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`
}
