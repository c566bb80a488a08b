import { decodedParts, isUrlFault, type UrlFault, type UrlForm } from "../../../../core/url-form.ts"

/** The parameters of the JDBC driver that say how to encrypt, with the values that are taken. */
const PARAMETERS: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ["SSL", ["true", "false"]],
  ["SSLVerification", ["FULL", "NONE"]],
  ["SSLTrustStorePath", undefined],
])

/** `trino://user:password@host:port/catalog/schema`, with TLS as the JDBC driver spells it; without a parameter TLS is verified. */
export const trinoUrl: UrlForm = {
  schemes: ["trino"],
  example: "trino://user@host:443/catalog/schema",
  tls: { off: "SSL=false", require: "SSLVerification=NONE", ca: "SSLTrustStorePath" },
  read(url) {
    if (url.hash !== "") return { fault: "has a part after #", next: "Percent-encode # in user and password as %23." }
    const given = parametersOf(url)
    if (isUrlFault(given)) return given
    const [catalog = "", schema = "", ...rest] = url.pathname.replace(/^\//, "").split("/")
    if (rest.length > 0)
      return { fault: "has more than a catalog and a schema in its path", next: "Write /catalog/schema; percent-encode a slash in a name as %2F." }
    const parts = decodedParts({ catalog, schema, user: url.username, password: url.password })
    if (isUrlFault(parts)) return parts
    const off = given.get("SSL") === "false"
    const tls = off ? { kind: "off" } : given.get("SSLVerification") === "NONE" ? { kind: "require" } : { kind: "verify" }
    const { user, password } = parts
    const login = off ? { auth: { kind: "none" }, user } : { auth: { kind: "basic", username: user, ...(password === "" ? {} : { password }) } }
    const caFile = given.get("SSLTrustStorePath")
    return {
      config: {
        host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        ...(url.port === "" ? {} : { port: Number(url.port) }),
        ...Object.fromEntries(Object.entries({ catalog: parts.catalog, schema: parts.schema }).filter(([, value]) => value !== "")),
        ...(user === "" ? {} : login),
        tls,
      },
      ...(user !== "" && password === "" && !off ? { lacks: "/auth/password" } : {}),
      ...(caFile === undefined ? {} : { caFile }),
    }
  },
}

/** A parameter that is not known is refused by name: ignoring it would connect to something else. */
function parametersOf(url: URL): ReadonlyMap<string, string> | UrlFault {
  const given = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    const values = PARAMETERS.get(name)
    if (!PARAMETERS.has(name) || given.has(name))
      return {
        fault: `has the parameter "${name.slice(0, 60)}", which is not known or comes twice`,
        next: `Leave it out; the known ones are ${[...PARAMETERS.keys()].join(", ")}.`,
      }
    if (values?.includes(value) === false) return { fault: `has a value of ${name} that is not supported`, next: `Use ${values.join(" or ")}.` }
    given.set(name, value)
  }
  return given
}
