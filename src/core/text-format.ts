import { isIPv6 } from "node:net"
import { domainToASCII } from "node:url"
import type { TextFormat } from "./fields.ts"

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters.
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The problem with `value` as a `format`, worded to follow the field's name; undefined if it is valid. */
export function formatFault(format: TextFormat | undefined, value: string): string | undefined {
  switch (format) {
    case "host":
      return hostFault(value)
    case "url":
      return urlFault(value)
    case "pem":
      return value.includes("-----BEGIN ") ? undefined : "must be PEM text that begins with -----BEGIN."
    case "upload":
      return UUID.test(value) ? undefined : "must be the id of an upload, as an upload returns it."
    case "multiline":
      return undefined
    default:
      return CONTROL.test(value) ? "must be one line without control characters." : undefined
  }
}

/**
 * Accepts only a DNS name or an address: anything that could make the value a path, a login or a second host is
 * rejected.
 */
function hostFault(value: string): string | undefined {
  if (CONTROL.test(value) || /\s/.test(value)) return "must be a host name or address without spaces or line breaks."
  if (value.includes("://")) return "must be a host name alone, without a scheme; put the port in its own field."
  if (value.startsWith("/") || value.startsWith("@")) return "must be a host name; a path to a socket is not allowed."
  if (/[/\\@%?#,;=<>"'|^`{}$&*!()~+]/.test(value)) return "must be a host name or address alone: no path, login, percent sign or list."
  const literal = value.startsWith("[") && value.endsWith("]") ? value.slice(1, -1) : value
  if (literal.includes(":")) return isIPv6(literal) ? undefined : "must be a host name alone; put the port in its own field."
  const ascii = domainToASCII(value)
  return ascii !== "" && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(ascii)
    ? undefined
    : "must be a valid host name or address."
}

/** An absolute http(s) URL without credentials. The WHATWG parser is the only one that reads it, here and later. */
function urlFault(value: string): string | undefined {
  if (CONTROL.test(value) || /\s/.test(value)) return "must be a URL without spaces, tabs or line breaks."
  if (value.includes("\\")) return "must be a URL without backslashes."
  if (!URL.canParse(value)) return "must be an absolute URL such as https://api.example.com/v1."
  const url = new URL(value)
  if (url.protocol !== "http:" && url.protocol !== "https:") return `must start with https:// or http://, not ${url.protocol}`
  if (!/^https?:\/\/[^/]/i.test(value)) return "must have two slashes after the scheme and then the host."
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password; use the authentication fields."
  if (url.port === "0") return "must not use port 0."
  return undefined
}
