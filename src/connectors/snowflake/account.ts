import { vendorHost } from "../shared/http/vendor-host.ts"

/** The only domains that are ever dialled; China's regions have their own. */
const DOMAINS = [".snowflakecomputing.com", ".snowflakecomputing.cn"] as const

/** What is wrong with an account as somebody typed it, in words that follow the field's name. */
export const accountFault = (text: string): string | undefined =>
  vendorHost(text, DOMAINS).valid
    ? undefined
    : "must be an account identifier such as myorg-myaccount or xy12345.eu-central-1, or its host that ends in .snowflakecomputing.com."

/**
 * Reads an account identifier, or the whole host of one. The host is derived, never taken, and always below one of Snowflake's own
 * domains: underscores become hyphens (docs, Account identifiers). The claim names the account in a key pair's token, in upper case,
 * without region and cloud, cut as the vendor's own examples cut it (docs, SQL API, Authenticating).
 */
export function readAccount(text: string): Readonly<Record<"host" | "claim", string>> {
  const { name, domain } = vendorHost(text, DOMAINS)
  const labels = name.split(".")
  const home = domain ?? (labels.some((label) => label.toLowerCase().startsWith("cn-")) ? DOMAINS[1] : DOMAINS[0])
  const first = labels[0] ?? ""
  const claim = labels.includes("global") ? first.replace(/-.*$/, "") : first
  return { host: `${name.toLowerCase().replaceAll("_", "-")}${home}`, claim: claim.toUpperCase() }
}
