import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose"

/** The place that an envelope belongs to; part of its protected header, so that a change is detected. */
export type Binding = Readonly<Record<string, string>>

/** The header of an envelope; not verified until the envelope is opened. */
export interface EnvelopeHeader {
  readonly keyId: string
  readonly binding: Binding
}

const ALGORITHMS = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] }

/** A compact JWE (RFC 7516), `dir` + A256GCM, under a key of 32 bytes, with `kid` and the binding in its header. */
export async function sealEnvelope(content: Uint8Array, key: Uint8Array, kid: string, binding: Binding): Promise<string> {
  return await new CompactEncrypt(content).setProtectedHeader({ alg: "dir", enc: "A256GCM", ...binding, kid }).encrypt(key)
}

/** The key and the binding that an envelope names; undefined if it is not an envelope of ours. */
export function readHeader(envelope: string): EnvelopeHeader | undefined {
  try {
    const { alg, enc, kid, ...bound } = decodeProtectedHeader(envelope)
    const whole = alg === "dir" && enc === "A256GCM" && kid !== undefined && Object.values(bound).every((value) => typeof value === "string")
    return whole ? { keyId: kid, binding: bound as Binding } : undefined
  } catch {
    return undefined
  }
}

/**
 * The `kid` of an envelope whose header contains exactly this binding; undefined otherwise. Not verified until the
 * envelope is opened.
 */
export function keyIdOf(envelope: string, binding: Binding): string | undefined {
  const header = readHeader(envelope)
  if (header === undefined) return undefined
  const same =
    Object.keys(header.binding).length === Object.keys(binding).length && Object.entries(binding).every(([name, value]) => header.binding[name] === value)
  return same ? header.keyId : undefined
}

/** Opens an envelope. Throws jose's error if the key is wrong or any byte was changed. */
export async function openEnvelope(envelope: string, key: Uint8Array): Promise<Uint8Array> {
  return (await compactDecrypt(envelope, key, ALGORITHMS)).plaintext
}
