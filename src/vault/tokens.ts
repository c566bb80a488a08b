import { createHash, randomInt } from "node:crypto"

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const RANDOM = 32

/** A new API key: `jf_` or another prefix, then 32 random characters of base62 (190 bits). Shown once, stored as its hash. */
export function newApiKey(prefix = "jf"): string {
  return `${prefix}_${randomText(RANDOM)}`
}

/** Random characters of base62, each equally likely. */
export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("")
}

/** SHA-256 of a key: sufficient for random keys, and fast on every request. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest()
}

/**
 * The visible part of a key in lists: its prefix and four characters, `jf_Ab3d`; four characters for a key in a form
 * of its owner's.
 */
export function visiblePrefix(token: string): string {
  const prefix = /^([a-z][a-z0-9_]{0,15}_)[0-9A-Za-z]{32}$/.exec(token)?.[1] ?? ""
  return token.slice(0, prefix.length + 4)
}
