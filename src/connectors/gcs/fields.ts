import { optional, text, variant } from "../../core/fields.ts"
import { fileFields } from "../shared/files/fields.ts"
import { googleAuthField, impersonateField } from "../shared/google/auth.ts"
import { googleEndpointField } from "../shared/google/endpoints.ts"
import { tunnelField } from "../shared/ssh.ts"

/** Docs, Cloud Storage, Bucket names. It becomes a part of a path, so nothing else is taken. */
const bucketFault = (bucket: string): string | undefined =>
  /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket) && !bucket.includes("..") ? undefined : "must be the name of a bucket, such as my-exports."

const projectFault = (project: string): string | undefined =>
  /^[a-z0-9.:-]{4,60}$/.test(project) ? undefined : "must be the id of a project, such as my-project-123."

export const fields = {
  bucket: text("Bucket", { maxLength: 222, aims: true, check: bucketFault, example: "my-exports" }),
  auth: googleAuthField,
  impersonate: impersonateField,
  ...fileFields,
  billing: optional(
    text("Project that pays", { maxLength: 60, check: projectFault, example: "my-project-123", help: "For a bucket whose readers pay (Requester Pays)." }),
  ),
  encryption: variant(
    "Encryption of new files",
    {
      bucket: { title: "As the bucket has it", fields: {} },
      kms: {
        title: "A key of Cloud KMS",
        fields: {
          kmsKey: text("Key", {
            maxLength: 400,
            check: (name) =>
              /^projects\/[\w.:-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/.test(name)
                ? undefined
                : "must be a key's name: projects/…/locations/…/keyRings/…/cryptoKeys/….",
            example: "projects/my-project-123/locations/europe-west3/keyRings/ring/cryptoKeys/key",
          }),
        },
      },
    },
    { default: "bucket" },
  ),
  endpoint: googleEndpointField,
  tunnel: tunnelField,
}
