import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"
import { bytesOf } from "../../src/net/address.ts"
import { SERVER_NAME } from "./lease.ts"

/** A certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** The subject's common name. */
  readonly name: string
  /** DNS names and IP addresses it is for; none = no SAN extension. */
  readonly names?: readonly string[]
  /** Who signs; itself when absent. */
  readonly issuer?: Certificate & { readonly name: string }
  readonly ca?: boolean
  /** Days from now; -1 and 30 unless given. */
  readonly fromDays?: number
  readonly untilDays?: number
}

/** Makes an X.509 v3 certificate (RFC 5280, ECDSA P-256 with SHA-256) in memory; for tests alone. */
export function certificate(options: CertificateOptions): Certificate & { readonly name: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const signer: KeyObject = options.issuer ? createPrivateKey(options.issuer.key) : privateKey
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"))
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)])
  const validity = sequence(time(options.fromDays ?? -1), time(options.untilDays ?? 30))
  const body = sequence(
    tag(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    subject(options.issuer?.name ?? options.name),
    validity,
    subject(options.name),
    publicKey.export({ type: "spki", format: "der" }),
    tag(0xa3, sequence(...extensions(options))),
  )
  const signature = sign("sha256", body, signer)
  const der = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der.toString("base64").match(/.{1,64}/g) ?? []
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`
  return { name: options.name, cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() }
}

/** A server's certificate and key, and the authority that vouches for it; all PEM. */
export interface ServerTls extends Certificate {
  readonly ca: string
}

/** A certificate of a fresh test authority for SERVER_NAME, `localhost` and 127.0.0.1, or for the given names. */
export function serverTls(names: readonly string[] = [SERVER_NAME, "localhost", "127.0.0.1"]): ServerTls {
  const authority = certificate({ name: "Jackfield test CA", ca: true })
  const { cert, key } = certificate({ name: names[0] ?? "", names, issuer: authority })
  return { ca: authority.cert, cert, key }
}

function extensions({ ca = false, names = [] }: CertificateOptions): Buffer[] {
  const basic = sequence(...(ca ? [tag(0x01, Buffer.from([0xff]))] : []))
  const found = [sequence(oid("2.5.29.19"), tag(0x01, Buffer.from([0xff])), tag(0x04, basic))]
  const alternatives = names.map((name) => (isIP(name) === 0 ? tag(0x82, Buffer.from(name, "latin1")) : tag(0x87, Buffer.from(bytesOf(name) ?? []))))
  if (alternatives.length > 0) found.push(sequence(oid("2.5.29.17"), tag(0x04, sequence(...alternatives))))
  return found
}

const subject = (name: string): Buffer => sequence(tag(0x31, sequence(oid("2.5.4.3"), tag(0x0c, Buffer.from(name)))))

function time(days: number): Buffer {
  const digits = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, "").slice(0, 14)
  return tag(0x18, Buffer.from(`${digits}Z`))
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const groups = rest.map((part) => {
    const bytes = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80)
    return bytes
  })
  return tag(0x06, Buffer.from([first * 40 + second, ...groups.flat()]))
}

const integer = (bytes: Buffer): Buffer => tag(0x02, bytes)
const sequence = (...parts: Buffer[]): Buffer => tag(0x30, Buffer.concat(parts))

function tag(id: number, body: Buffer): Buffer {
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([id, ...size]), body])
}
