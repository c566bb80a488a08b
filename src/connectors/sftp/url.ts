import { decodedParts, isUrlFault, type UrlForm } from "../../core/url-form.ts"

const HOST_KEY = "hostkey"

/** `sftp://user:password@host:port/folder?hostkey=SHA256:…`. The path is absolute; `/~/` before it means the folder in which the login starts. */
export const sftpUrl: UrlForm = {
  schemes: ["sftp"],
  example: `sftp://user@host:22/folder?${HOST_KEY}=SHA256:…`,
  read(url) {
    if (url.hash !== "") return { fault: "has a part after #", next: "Percent-encode # as %23." }
    const unknown = [...url.searchParams.keys()].find((name) => name !== HOST_KEY)
    if (unknown !== undefined)
      return { fault: `has the parameter "${unknown.slice(0, 60)}", which is not known`, next: `Leave it out; the only known one is ${HOST_KEY}.` }
    const parts = decodedParts({ folder: url.pathname.replace(/^\/~\//, ""), user: url.username, password: url.password })
    if (isUrlFault(parts)) return parts
    const { folder, user, password } = parts
    // A fingerprint in base64 may contain a plus sign, which stands for a space in a query.
    const hostKey = url.searchParams.get(HOST_KEY)?.replaceAll(" ", "+")
    return {
      config: {
        host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        ...(url.port === "" ? {} : { port: Number(url.port) }),
        ...(hostKey === undefined ? {} : { hostKey }),
        ...(user === "" ? {} : { user }),
        auth: { kind: "password", ...(password === "" ? {} : { password }) },
        ...(folder === "" || folder === "/" ? {} : { folder }),
      },
      ...(password === "" ? { lacks: "/auth/password" } : {}),
    }
  },
}
