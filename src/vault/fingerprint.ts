import { createHmac, hkdfSync } from "node:crypto"

/** A value's fingerprint: 12 hex digits, equal for equal values. */
export type Fingerprinter = (value: string | Uint8Array) => string

/**
 * Fingerprints under a data key (HMAC-SHA256, keyed by HKDF from it); without the key they do not help to guess a
 * value.
 */
export function fingerprinter(dataKey: Uint8Array): Fingerprinter {
  const key = new Uint8Array(hkdfSync("sha256", dataKey, "", "jackfield fingerprint", 32))
  return (value) => createHmac("sha256", key).update(value).digest("hex").slice(0, 12)
}
