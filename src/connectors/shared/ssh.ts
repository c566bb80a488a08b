import { type Config, host, optional, port, secret, text, variant } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"

const HOST_KEY_EXAMPLE = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1VfhfwU"

/** How a user logs in over SSH. A password is also sent to a server that asks for it interactively. */
const sshAuthField = (title: string) =>
  variant(title, {
    key: {
      title: "Private key",
      fields: { privateKey: secret("Private key", { format: "pem", help: "PEM or OpenSSH format." }), passphrase: optional(secret("Passphrase")) },
    },
    password: { title: "Password", fields: { password: secret("Password") } },
  })

const hostKeyFault = (key: string): string | undefined =>
  /^(SHA256:)?[A-Za-z0-9+/]{43}=?$/.test(key) ? undefined : "must be a fingerprint such as SHA256:uNiVztks…, with 43 characters after the colon."

/** The address of an SSH server, its pinned host key, and the login. A changed host key counts as another destination, as a changed host does. */
export const sshFields = {
  host: host("Host", { example: "sftp.example.com" }),
  port: port("Port", { default: 22 }),
  hostKey: text("Host key", {
    maxLength: 100,
    aims: true,
    check: hostKeyFault,
    example: HOST_KEY_EXAMPLE,
    help: "The server's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.",
  }),
  user: text("User", { maxLength: 255, login: true }),
  auth: sshAuthField("Login"),
}

/** A way through an SSH bastion, for systems that cannot be reached directly. */
export const tunnelField = variant(
  "SSH tunnel",
  {
    none: { title: "Direct", fields: {} },
    ssh: {
      title: "Through an SSH bastion",
      fields: {
        host: host("Bastion host", { example: "bastion.example.com" }),
        port: port("Bastion port", { default: 22 }),
        user: text("Bastion user", { maxLength: 255 }),
        hostKey: text("Host key", {
          maxLength: 100,
          example: HOST_KEY_EXAMPLE,
          help: "The bastion's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.",
        }),
        auth: sshAuthField("Bastion login"),
      },
    },
  },
  { default: "none", aims: true },
)

export type Tunnel = Config<{ tunnel: typeof tunnelField }>["tunnel"]

/** The lease itself, or the same lease through the bastion. */
export const throughTunnel = (lease: Lease, tunnel: Tunnel): Lease => (tunnel.kind === "ssh" ? lease.through(tunnel) : lease)
