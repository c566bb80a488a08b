import { type Config, host, optional, port, secret, text, variant } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"

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
          example: "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1VfhfwU",
          help: "The bastion's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.",
        }),
        auth: variant("Bastion login", {
          key: {
            title: "Private key",
            fields: { privateKey: secret("Private key", { format: "pem", help: "PEM or OpenSSH format." }), passphrase: optional(secret("Passphrase")) },
          },
          password: { title: "Password", fields: { password: secret("Password") } },
        }),
      },
    },
  },
  { default: "none", aims: true },
)

export type Tunnel = Config<{ tunnel: typeof tunnelField }>["tunnel"]

/** The lease itself, or the same lease through the bastion. */
export const throughTunnel = (lease: Lease, tunnel: Tunnel): Lease => (tunnel.kind === "ssh" ? lease.through(tunnel) : lease)
