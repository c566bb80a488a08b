/** A connector type's URLs: their schemes, and the config that a URL stands for. */
export interface UrlForm {
  /** Without the colon: `["postgres", "postgresql"]`; unique to the type. */
  readonly schemes: readonly string[]
  readonly example: string
  /** Reads a URL of one of the schemes; a fault repeats no part of the URL except the name of a parameter. */
  read(url: URL): UrlConfig | UrlFault
  /** The TLS parameters of its URLs; absent if the scheme alone decides. */
  readonly tls?: UrlTls
}

export interface UrlConfig {
  /** In the API's format. */
  readonly config: Readonly<Record<string, unknown>>
  /** The pointer of the secret that is missing from the URL: `/password`. */
  readonly lacks?: string
  /** The path of a CA's file, whose text belongs to `/tls/ca`. Only a user of this machine may name one. */
  readonly caFile?: string
}

/** A fault, worded to follow "The URL", and the next step. */
export interface UrlFault {
  readonly fault: string
  readonly next: string
}

export interface UrlTls {
  /** The whole parameter that switches encryption off: `sslmode=disable`. */
  readonly off: string
  /** The whole parameter that encrypts without verifying the server: `sslmode=require`. */
  readonly require: string
  /** The parameter that names the CA's file. */
  readonly ca: string
}

/** Percent-decodes the named parts of a URL (RFC 3986, 2.1). */
export function decodedParts<N extends string>(parts: Readonly<Record<N, string>>): { readonly [K in N]: string } | UrlFault {
  const out: Record<string, string> = {}
  for (const [name, part] of Object.entries<string>(parts))
    try {
      out[name] = decodeURIComponent(part)
    } catch (error) {
      if (!(error instanceof URIError)) throw error
      return { fault: `has a percent sign that encodes nothing in its ${name}`, next: "Write a percent sign as %25." }
    }
  return out as { [K in N]: string }
}

export const isUrlFault = (read: object): read is UrlFault => "fault" in read
