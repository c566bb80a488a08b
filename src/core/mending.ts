import { ERRORS, type ErrorCode, PlatformError } from "./errors.ts"
import { type Spot, spotsIn } from "./field-spots.ts"
import { type Fields, Secret } from "./fields.ts"
import { advise, distinct, enterSecret, type Remedy, setField, trustHostKey, tryAgain, uploadFile } from "./remedies.ts"

/** The connector that failed: the fields of its type, and its config. */
export interface Mended {
  readonly fields: Fields
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * The remedies of an error: its own, and those that follow from its code and from the fields that the connector's
 * config uses. A field that the config does not use is never named.
 */
export function remediesFor(error: PlatformError, { fields, config }: Mended): readonly Remedy[] {
  const spots = spotsIn(fields, config)
  return distinct([...error.remedies, ...(BY_CODE[error.code]?.(spots, error) ?? [])])
}

/** The same error, with the remedies of `remediesFor`. */
export function mended(error: PlatformError, connector: Mended): PlatformError {
  const remedies = remediesFor(error, connector)
  if (remedies.length === error.remedies.length) return error
  const { code, message, cause, details, faults } = error
  return new PlatformError(code, message, { ...(cause === undefined ? {} : { cause }), details, faults, remedies })
}

/** One remedy per missing or invalid field, by its kind. */
const faulty: Rule = (spots, { faults }) => faults.flatMap(({ pointer }) => spots.filter((spot) => spot.pointer === pointer).map(filled))

type Rule = (spots: readonly Spot[], error: PlatformError) => readonly Remedy[]

const IN_TUNNEL = /^\/tunnel\//
const direct = (spots: readonly Spot[]): Spot[] => spots.filter(({ pointer }) => !IN_TUNNEL.test(pointer))
const within = (spots: readonly Spot[]): Spot[] => spots.filter(({ pointer }) => IN_TUNNEL.test(pointer))

const isSet = ({ value }: Spot): boolean => value !== undefined && value !== null && value !== ""
const isPlainSecret = ({ value }: Spot): boolean => value instanceof Secret && value.plain

/** The remedy of one field that needs another value. */
function filled({ field, pointer }: Spot): Remedy {
  if (field.kind === "secret") return enterSecret(`Enter ${lower(field.title)}`, pointer)
  if (field.format === "upload") return uploadFile(`Upload a file, and use its id as ${lower(field.title)}`, pointer)
  return setField(`Set ${lower(field.title)}`, field.kind === "variant" ? `${pointer}/kind` : pointer)
}

const checked = ({ field, pointer }: Spot): Remedy => setField(`Check ${lower(field.title)}`, pointer)

/** `the password`, `the CA certificate`, `the URL`. */
const lower = (title: string): string => `the ${/^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title}`

/** The fields that name a destination, never those with a value that only chooses among addresses. */
const destination = (spots: readonly Spot[]): Remedy[] =>
  spots
    .filter(({ field, pointer }) => pointer.split("/").length === 2 && (field.aims === true || field.format === "url") && field.variants === undefined)
    .map(checked)

/** The login: its secrets that are set, or those that are not if there are none, and the names that belong to it. */
function login(spots: readonly Spot[]): Remedy[] {
  const secrets = spots.filter((spot) => spot.field.kind === "secret" && !isPlainSecret(spot))
  const given = secrets.filter(isSet)
  const entered = (given.length > 0 ? given : secrets).map(({ field, pointer }) =>
    enterSecret(`Enter ${lower(field.title)}${given.length > 0 ? " again" : ""}`, pointer),
  )
  const names = spots.filter(({ field }) => field.login === true && field.kind === "text").map(checked)
  if (secrets.length > 0) return [...entered, ...names]
  return [
    ...spots.filter(choosesLogin).map(({ field, pointer }) => setField(`Choose ${lower(field.title)} that the system asks for`, `${pointer}/kind`)),
    ...names,
  ]
}

/** A variant whose chosen alternative has no secret although others have one. */
const choosesLogin = ({ field }: Spot): boolean =>
  Object.values(field.variants ?? {}).some(({ fields }) => Object.values(fields).some(({ kind }) => kind === "secret")) && field.aims !== true

/** The field that says how a connection is encrypted, and its kind. */
const encryption = (spots: readonly Spot[], kind: string, title: string): Remedy[] =>
  spots
    .filter(({ field, value }) => field.variants?.["off"] !== undefined && field.variants[kind] !== undefined && kindOf(value ?? field.default) !== kind)
    .map(({ pointer }) => setField(title, `${pointer}/kind`, kind))

const kindOf = (value: unknown): unknown => (value !== null && typeof value === "object" ? Reflect.get(value, "kind") : undefined)

const named = (spots: readonly Spot[], ...names: readonly string[]): Spot[] => spots.filter(({ name }) => names.includes(name))

const waiting: Rule = (_, error) => {
  const { retryAfterMs, retryAfterSeconds } = error.details
  const afterMs = typeof retryAfterMs === "number" ? retryAfterMs : typeof retryAfterSeconds === "number" ? retryAfterSeconds * 1_000 : undefined
  return [tryAgain("Try again in a moment", afterMs)]
}

const BY_CODE: Readonly<Partial<Record<ErrorCode, Rule>>> = {
  config_invalid: faulty,
  connector_incomplete: faulty,
  auth_failed: (spots) => login(direct(spots)),
  tunnel_auth_failed: (spots) => [...login(within(spots)), ...named(within(spots), "user").map(checked)],
  host_key_mismatch: (spots, { details: { hostKey, server } }) =>
    typeof hostKey === "string"
      ? named(server === undefined ? within(spots) : direct(spots), "hostKey").map(({ pointer }) =>
          trustHostKey("Pin this host key, if the server's administrator confirms it", pointer, hostKey),
        )
      : [],
  host_not_found: (spots) => destination(spots).filter(({ pointer }) => !pointer?.endsWith("/port")),
  host_unreachable: (spots) => destination(spots),
  dns_failed: waiting,
  egress_denied: (spots, { remedies }) => (remedies.length > 0 ? [] : destination(spots)),
  tunnel_failed: (spots) => destination(spots),
  protocol_invalid: (spots) => destination(direct(spots)).filter(({ pointer }) => !pointer?.endsWith("/host")),
  tls_unsupported: (spots) => encryption(spots, "off", "Switch TLS off, only if the network is trusted; better, switch it on at the server"),
  tls_required: (spots) => encryption(spots, "verify", "Encrypt the connection, and verify the server"),
  tls_untrusted: (spots) => named(spots, "ca").map(({ pointer }) => setField("Give the certificate of the CA that signed the server's, as PEM", pointer)),
  tls_name_mismatch: (spots, { details: { certificateNames } }) => {
    const [name] = Array.isArray(certificateNames) ? certificateNames : []
    const value = typeof name === "string" && !name.includes("*") ? name : undefined
    return named(spots, "servername").map(({ pointer }) =>
      setField("Name the server as its certificate does, if it is the server that you mean", pointer, value),
    )
  },
  tls_expired: () => [advise("Renew the certificate on the server")],
  tls_failed: (spots) => destination(direct(spots)).filter(({ pointer }) => !pointer?.endsWith("/host")),
  database_not_found: (spots, { details }) => {
    const places = named(spots, "database", "schema", "warehouse")
    const said = places.filter(({ name }) => Object.hasOwn(details, name))
    return (said.length > 0 ? said : places).map(checked)
  },
  stream_not_found: (spots) =>
    direct(spots)
      .filter(({ field, pointer }) => field.format === "url" && pointer.split("/").length === 2)
      .map(checked),
  connection_lost: waiting,
  timed_out: waiting,
  too_many_connections: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  remote_failed: waiting,
  circuit_open: waiting,
  permission_denied: (_, error) => (error.remedies.length > 0 ? [] : [advise(ERRORS.permission_denied.next.replace(/\.$/, ""))]),
}
