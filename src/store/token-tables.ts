import type { Generated } from "kysely"
import type { OptionalDate, OptionalJson, OptionalText, Plain, Stamped } from "./column-types.ts"

/**
 * The tokens of one OAuth 2.0 login; `identity` is a keyed hash of the login, `terms` one of the other inputs of the
 * access token. `ciphertext` contains the access and the refresh token; `holder` is the node that is asking the
 * endpoint, until `held_until` unless renewed.
 */
export interface OauthTokens {
  workspace_id: string
  identity: string
  connector_id: OptionalText
  generation: Generated<number>
  ciphertext: OptionalText
  data_key_id: OptionalText
  terms: OptionalText
  granted_at: OptionalDate
  expires_at: OptionalDate
  holder: OptionalText
  held_until: OptionalDate
  failure: OptionalJson<Plain>
  failed_at: OptionalDate
  used_at: Stamped
}
