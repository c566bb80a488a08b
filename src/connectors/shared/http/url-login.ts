import { decodedParts, isUrlFault, type UrlConfig, type UrlFault } from "../../../core/url-form.ts"

/** The config of a type with `url` and `auth` fields for a URL that may hold a login: `https://user:password@host/path`. */
export function readUrlWithLogin(url: URL): UrlConfig | UrlFault {
  const login = decodedParts({ user: url.username, password: url.password })
  if (isUrlFault(login)) return login
  const bare = new URL(url)
  bare.username = ""
  bare.password = ""
  if (login.user === "" && login.password === "") return { config: { url: bare.href } }
  const auth = { kind: "basic", username: login.user, ...(login.password === "" ? {} : { password: login.password }) }
  return { config: { url: bare.href, auth }, ...(login.password === "" ? { lacks: "/auth/password" } : {}) }
}
