import { vendorHost } from "../shared/http/vendor-host.ts"

/** Where an account answers, and how a key pair's token names it. */
export interface Account {
  /** Always a name below one of Snowflake's own domains, in lower case. */
  readonly host: string
  /** For the token's `iss` and `sub`: upper case, without region and cloud. */
  readonly claim: string
}

/** The only domains that are ever dialled; China's regions have their own. */
const DOMAINS = [".snowflakecomputing.com", ".snowflakecomputing.cn"] as const

/** What is wrong with an account as somebody typed it, in words that follow the field's name. */
export const accountFault = (text: string): string | undefined =>
  vendorHost(text, DOMAINS).valid
    ? undefined
    : "must be an account identifier such as myorg-myaccount or xy12345.eu-central-1, or its host that ends in .snowflakecomputing.com."

/**
 * Reads an account identifier, or the whole host of one. The host is derived, never taken: underscores become hyphens there
 * (docs, Account identifiers). The claim is cut as the vendor's own examples cut it (docs, SQL API, Authenticating).
 */
export function readAccount(text: string): Account {
  const { name, domain } = vendorHost(text, DOMAINS)
  const labels = name.split(".")
  const home = domain ?? (labels.some((label) => label.toLowerCase().startsWith("cn-")) ? DOMAINS[1] : DOMAINS[0])
  const first = labels[0] ?? ""
  const claim = labels.includes("global") ? first.replace(/-.*$/, "") : first
  return { host: `${name.toLowerCase().replaceAll("_", "-")}${home}`, claim: claim.toUpperCase() }
}
