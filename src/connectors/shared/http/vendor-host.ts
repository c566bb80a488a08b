/** Letters and digits at both ends, so that the host has no label that begins with a hyphen; no encoded international names. */
const LABEL = "(?![Xx][Nn]--)[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
const NAME = new RegExp(`^${LABEL}(\\.${LABEL}){0,5}$`)

/** A host below one of a vendor's own domains, as a user entered it: in full, or without the domain. */
export interface VendorHost<D> {
  /** The labels before the domain; they may contain underscores. */
  readonly name: string
  /** Absent if the user left the domain out. */
  readonly domain: D | undefined
  /** The name is one to six labels of letters, digits, hyphens and underscores, 200 characters at most: nothing that leads out of the domain. */
  readonly valid: boolean
}

/** Reads a host below one of those domains, each of which begins with a dot. */
export function vendorHost<D extends string>(text: string, domains: readonly D[]): VendorHost<D> {
  const domain = domains.find((each) => text.toLowerCase().endsWith(each))
  const name = domain === undefined ? text : text.slice(0, -domain.length)
  return { name, domain, valid: NAME.test(name) && name.length <= 200 }
}
