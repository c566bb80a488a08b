import { createPrivateKey, X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import type { Duplex } from "node:stream"
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls"
import { PlatformError } from "../core/errors.ts"
import type { TlsSpec } from "../core/lease.ts"
import { parseHost } from "./host.ts"

/**
 * The only place that speaks TLS: version 1.2 or later; `verify` checks the chain against `ca` (or the roots of the
 * system and of Node) and the name, or the address against the certificate's IP entries. Throws the `tls_…` codes.
 */
export async function handshake(over: Duplex, host: string, spec: TlsSpec): Promise<TLSSocket> {
  const expected = nameOf(spec.servername ?? host)
  assertAuthorities(spec.ca)
  const proof = clientOf(spec)
  return await new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({
      socket: over,
      host: expected,
      minVersion: "TLSv1.2",
      rejectUnauthorized: spec.mode === "verify",
      // RFC 6066: a server name is never an address.
      ...(isIP(expected) === 0 ? { servername: expected } : {}),
      ...(spec.ca === undefined || spec.ca.trim() === "" ? {} : { ca: spec.ca }),
      ...(spec.newest === undefined ? {} : { maxVersion: spec.newest }),
      ...(spec.alpn === undefined ? {} : { ALPNProtocols: [...spec.alpn] }),
      ...proof,
    })
    const fail = (cause: Error): void => {
      socket.destroy()
      over.destroy()
      reject(explain(cause, expected))
    }
    // Never removed: an error after the handshake concerns the reader, and must not end the process.
    socket.on("error", fail)
    socket.once("secureConnect", () => {
      socket.off("close", onClose)
      if (spec.recordBytes !== undefined) socket.setMaxSendFragment(spec.recordBytes)
      resolve(socket)
    })
    const onClose = (): void => fail(over.errored ?? new Error("The connection closed during the TLS handshake."))
    socket.once("close", onClose)
  })
}

/** The detail of the `tls` stage: "TLSv1.3, CN=db.example.com, valid until 2027-01-31". */
export function describe(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate()
  const subject = certificate?.subject?.split("\n").at(-1) ?? "no subject"
  const until = certificate === undefined ? "" : `, valid until ${new Date(certificate.validTo).toISOString().slice(0, 10)}`
  return `${socket.getProtocol() ?? "TLS"}, ${subject}${until}${socket.authorized ? "" : ", not verified"}`
}

function nameOf(text: string): string {
  const host = parseHost(text)
  return host.kind === "address" ? host.address : host.name
}

/**
 * Rejects a CA that is not a certificate: Node ignores such text and would then trust no server, with a misleading
 * message.
 */
function assertAuthorities(ca: string | undefined): void {
  if (ca === undefined || ca.trim() === "") return
  const blocks = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    if (blocks.length === 0) throw new TypeError("no certificate block")
    for (const block of blocks) new X509Certificate(block)
  } catch (cause) {
    throw new PlatformError("config_invalid", "The CA is not a certificate in PEM; paste the whole text from BEGIN CERTIFICATE to END CERTIFICATE.", { cause })
  }
}

/** The client's certificate and key; `config_invalid` when they cannot be read, or do not belong together. */
function clientOf({ client }: TlsSpec): Pick<ConnectionOptions, "cert" | "key"> {
  if (client === undefined) return {}
  const { certificate, privateKey, passphrase } = client
  try {
    const key = createPrivateKey({ key: privateKey.reveal(), format: "pem", ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }) })
    if (new X509Certificate(certificate).checkPrivateKey(key)) return { cert: certificate, key: key.export({ type: "pkcs8", format: "pem" }) }
  } catch (cause) {
    const message = "The client's certificate or private key cannot be read; paste both as PEM, and the passphrase if the key is encrypted."
    throw new PlatformError("config_invalid", message, { cause })
  }
  throw new PlatformError("config_invalid", "The private key is not that of the client's certificate; paste the pair.")
}

const EXPIRED = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"])
const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERROR_IN_CERT|CRL_|AKID_|SUBJECT_ISSUER)/
/** OpenSSL's codes for bytes that are not TLS records. */
const NOT_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST", "ERR_SSL_RECORD_LAYER_FAILURE"])

function explain(cause: Error, host: string): PlatformError {
  if (cause instanceof PlatformError) return cause
  const code = String(Reflect.get(cause, "code") ?? "")
  const names = code === "ERR_TLS_CERT_ALTNAME_INVALID" ? namesOf(cause) : []
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return new PlatformError("tls_name_mismatch", `The server's certificate is not for ${host}${listed(names)}; use a name in the certificate.`, {
      cause,
      details: { certificateNames: names.slice(0, MOST_NAMES) },
    })
  if (EXPIRED.has(code))
    return new PlatformError("tls_expired", `The certificate of ${host} is ${code === "CERT_HAS_EXPIRED" ? "expired" : "not valid yet"}; renew it.`, { cause })
  if (UNTRUSTED.test(code))
    return new PlatformError("tls_untrusted", `The certificate of ${host} is not signed by a known authority; give the CA's certificate as PEM.`, { cause })
  if (NOT_TLS.has(code))
    return new PlatformError("protocol_invalid", `The server at ${host} does not speak TLS on this port; check the port, or switch TLS off.`, { cause })
  return new PlatformError("tls_failed", `The TLS handshake with ${host} failed; check that the server speaks TLS 1.2 or newer on this port.`, { cause })
}

const MOST_NAMES = 20

/** The names in a certificate that does not match. */
function namesOf(cause: Error): string[] {
  const certificate = Reflect.get(cause, "cert") as { subjectaltname?: string; subject?: { CN?: string | string[] } } | undefined
  return (certificate?.subjectaltname ?? `DNS:${[certificate?.subject?.CN ?? []].flat().join(", DNS:")}`)
    .split(", ")
    .map((each) => each.replace(/^(DNS|IP Address):/, ""))
    .filter((each) => /^[\w.*:-]+$/.test(each))
}

const listed = (names: readonly string[]): string =>
  names.length === 0 ? "" : ` but for ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`
