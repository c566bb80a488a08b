import { type Config, text, variant } from "../../../core/fields.ts"

const LOCATION = /^[a-z]{2,20}(-[a-z]{2,20}\d{0,2}){0,2}$/
const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/

/** Where an API of Google Cloud is reached; the parts become labels of a host below googleapis.com, so nothing else is taken. */
export const googleEndpointField = variant(
  "Endpoint",
  {
    global: { title: "The global one", fields: {} },
    regional: {
      title: "A regional one",
      fields: {
        region: text("Region", {
          maxLength: 40,
          check: (region) => (LOCATION.test(region) ? undefined : "must be a region such as europe-west3."),
          example: "europe-west3",
        }),
      },
    },
    private: {
      title: "A Private Service Connect endpoint",
      fields: {
        name: text("Endpoint name", {
          maxLength: 40,
          check: (name) => (NAME.test(name) ? undefined : "must be the name of an endpoint: letters in lower case, digits and hyphens."),
          example: "xyz",
          help: "As in bigquery-xyz.p.googleapis.com.",
        }),
      },
    },
  },
  { default: "global", aims: true },
)

export type GoogleEndpoint = Config<{ endpoint: typeof googleEndpointField }>["endpoint"]

/** The host of an API (docs, Regional endpoints; Private Service Connect, Access Google APIs through endpoints). */
export function googleHost(api: string, endpoint: GoogleEndpoint): string {
  if (endpoint.kind === "regional") return `${api}.${endpoint.region}.rep.googleapis.com`
  return endpoint.kind === "private" ? `${api}-${endpoint.name}.p.googleapis.com` : `${api}.googleapis.com`
}
