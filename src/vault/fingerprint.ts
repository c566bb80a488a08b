import { createHmac, hkdfSync } from "node:crypto"

/** A value's fingerprint: 12 hex digits, equal for equal values. */
export type Fingerprinter = (value: string | Uint8Array) => string

/** The most values whose fingerprints are remembered, and the most characters of each. */
const [REMEMBERED, REMEMBERED_LENGTH] = [100, 1_000]

/** The same, which remembers the last texts: applications send the same statements again and again. */
export function remembering(of: Fingerprinter): Fingerprinter {
  const known = new Map<string, string>()
  return (value) => {
    if (typeof value !== "string" || value.length > REMEMBERED_LENGTH) return of(value)
    const found = known.get(value)
    if (found !== undefined) return found
    const made = of(value)
    if (known.size >= REMEMBERED) known.clear()
    known.set(value, made)
    return made
  }
}

/**
 * Fingerprints under a data key (HMAC-SHA256, keyed by HKDF from it); without the key they do not help to guess a
 * value.
 */
export function fingerprinter(dataKey: Uint8Array): Fingerprinter {
  const key = new Uint8Array(hkdfSync("sha256", dataKey, "", "jackfield fingerprint", 32))
  return (value) => createHmac("sha256", key).update(value).digest("hex").slice(0, 12)
}
