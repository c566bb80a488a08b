import { type Config, optional, secret, text, variant } from "../../../core/fields.ts"
import type { CredentialSource } from "../http/auth/sigv4.ts"
import { headerValueFault } from "../http/header-rules.ts"
import { assumeRole, credentialsIn } from "./assume-role.ts"
import { type Place, serviceHost } from "./endpoints.ts"

const keyIdFault = (id: string): string | undefined => (/^\w{16,128}$/.test(id) ? undefined : "must be an access key id, such as AKIAIOSFODNN7EXAMPLE.")

const key = {
  accessKeyId: text("Access key id", { login: true, maxLength: 128, check: keyIdFault, example: "AKIAIOSFODNN7EXAMPLE" }),
  secretAccessKey: secret("Secret access key", { check: headerValueFault }),
  sessionToken: optional(
    secret("Session token", { check: headerValueFault, help: "Only of temporary keys. It is not renewed: when it expires, enter new keys." }),
  ),
}

const roleFault = (arn: string): string | undefined =>
  /^arn:aws(-[a-z-]+)?:iam::\d{12}:role\/[\x21-\x7e]{1,576}$/.test(arn)
    ? undefined
    : "must be the ARN of a role, such as arn:aws:iam::123456789012:role/jackfield."
const externalIdFault = (id: string): string | undefined =>
  /^[\w+=,.@:/-]{2,1224}$/.test(id) ? undefined : "must have 2 to 1,224 letters, digits or characters of _+=,.@:/-."
const sessionFault = (name: string): string | undefined =>
  /^[\w+=,.@-]{2,64}$/.test(name) ? undefined : "must have 2 to 64 letters, digits or characters of _+=,.@-."

/** Ways to log in to AWS. There is no default chain: nothing comes from the environment, a file or a metadata address. */
export const awsAuthField = variant("Login", {
  access_key: { title: "Access key", fields: key },
  assume_role: {
    title: "Role that an access key assumes",
    fields: {
      ...key,
      roleArn: text("Role", { login: true, maxLength: 600, check: roleFault, example: "arn:aws:iam::123456789012:role/jackfield" }),
      externalId: optional(secret("External id", { check: externalIdFault, help: "If the role's trust policy asks for one." })),
      sessionName: text("Session name", { default: "jackfield", maxLength: 64, check: sessionFault, help: "As CloudTrail shows it." }),
    },
  },
})

export type AwsAuth = Config<{ auth: typeof awsAuthField }>["auth"]

/** The credentials that a config describes. Those of a role come from STS in the same region, are shared by all nodes, and are renewed before they expire. */
export function awsCredentials(auth: AwsAuth, place: Place): CredentialSource {
  const keys = {
    accessKeyId: auth.accessKeyId,
    secretAccessKey: auth.secretAccessKey.reveal(),
    ...(auth.sessionToken === undefined ? {} : { sessionToken: auth.sessionToken.reveal() }),
  }
  if (auth.kind === "access_key") return async () => keys
  const role = {
    host: serviceHost("sts", place),
    region: place.region,
    roleArn: auth.roleArn,
    externalId: auth.externalId?.reveal(),
    sessionName: auth.sessionName,
  }
  return async (call, refused) => {
    const token = await assumeRole(keys, role, call, refused)
    return { ...credentialsIn(token.value), token }
  }
}
