import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto"

/** OWASP's recommendation for scrypt with 32 MiB per hash: N = 2^15, r = 8, p = 3. */
const COST = { N: 32_768, r: 8, p: 3 }
const LENGTH = 32
/** Longer passwords are rejected at the API; here they simply never match. */
const LONGEST = 1024

/**
 * `scrypt$N$r$p$salt$hash`, the last two in base64url: everything that a check needs, so that the cost can rise
 * later.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, LENGTH, COST)
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$")
}

/**
 * Whether the password matches the hash. Without a hash (an unknown user) it takes the same time and returns false.
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [scheme, N, r, p, salt, hash] = (stored ?? "").split("$")
  if (scheme !== "scrypt" || !salt || !hash || password.length > LONGEST) {
    await derive(password.slice(0, LONGEST), Buffer.alloc(16), LENGTH, COST)
    return false
  }
  const expected = Buffer.from(hash, "base64url")
  const actual = await derive(password, Buffer.from(salt, "base64url"), expected.length, { N: Number(N), r: Number(r), p: Number(p) })
  return timingSafeEqual(actual, expected)
}

/** Two keyboards may produce different code points for the same letters; NFKC makes them equal (RFC 8265). */
function derive(password: string, salt: Buffer, length: number, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => scrypt(password.normalize("NFKC"), salt, length, options, (error, key) => (error ? reject(error) : resolve(key))))
}
