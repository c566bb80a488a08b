/** Where an account answers, and how a key pair's token names it. */
export interface Account {
  /** Always a name below one of Snowflake's own domains, in lower case. */
  readonly host: string
  /** For the token's `iss` and `sub`: upper case, without region and cloud. */
  readonly claim: string
}

/** The only domains that are ever dialled; China's regions have their own. */
const DOMAINS = [".snowflakecomputing.com", ".snowflakecomputing.cn"] as const

/** Letters and digits at both ends, so that the host has no label that begins with a hyphen; no encoded international names. */
const LABEL = "(?![Xx][Nn]--)[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
const IDENTIFIER = new RegExp(`^${LABEL}(\\.${LABEL}){0,5}$`)

/** What is wrong with an account as somebody typed it, in words that follow the field's name. */
export function accountFault(text: string): string | undefined {
  const { identifier } = split(text)
  return IDENTIFIER.test(identifier) && identifier.length <= 200
    ? undefined
    : "must be an account identifier such as myorg-myaccount or xy12345.eu-central-1, or its host that ends in .snowflakecomputing.com."
}

/**
 * Reads an account identifier, or the whole host of one. The host is derived, never taken: underscores become hyphens there
 * (docs, Account identifiers). The claim is cut as the vendor's own examples cut it (docs, SQL API, Authenticating).
 */
export function readAccount(text: string): Account {
  const { identifier, domain } = split(text)
  const labels = identifier.split(".")
  const home = domain ?? (labels.some((label) => label.toLowerCase().startsWith("cn-")) ? DOMAINS[1] : DOMAINS[0])
  const first = labels[0] ?? ""
  const claim = labels.includes("global") ? first.replace(/-.*$/, "") : first
  return { host: `${identifier.toLowerCase().replaceAll("_", "-")}${home}`, claim: claim.toUpperCase() }
}

function split(text: string): { identifier: string; domain: (typeof DOMAINS)[number] | undefined } {
  const domain = DOMAINS.find((each) => text.toLowerCase().endsWith(each))
  return { identifier: domain === undefined ? text : text.slice(0, -domain.length), domain }
}
