import { type Config, text, variant } from "../../../core/fields.ts"

/** `eu-central-1`, `us-gov-west-1`: it becomes part of a host, so nothing else is taken. */
const REGION = /^[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}$/
const VPC_HOST = /^vpce-[a-z0-9-]{1,60}\.[a-z0-9-]{2,40}\.[a-z0-9-]{4,40}\.vpce\.amazonaws\.com(\.cn)?$/

export const regionField = text("Region", {
  maxLength: 40,
  aims: true,
  check: (region) => (REGION.test(region) ? undefined : "must be a region such as eu-central-1."),
  example: "eu-central-1",
})

/** Where the services of AWS are reached. */
export const endpointField = variant(
  "Endpoint",
  {
    standard: { title: "The region's own", fields: {} },
    fips: { title: "The region's own with validated cryptography (FIPS)", fields: {} },
    vpc: {
      title: "An interface endpoint of a VPC",
      fields: {
        host: text("Endpoint host", {
          maxLength: 253,
          check: (host) => (VPC_HOST.test(host) ? undefined : "must be the DNS name of an interface endpoint, which ends in .vpce.amazonaws.com."),
          example: "vpce-0a1b2c3d4e5f-abcdefgh.athena.eu-central-1.vpce.amazonaws.com",
        }),
      },
    },
  },
  { default: "standard", aims: true },
)

export type Place = Config<{ region: typeof regionField; endpoint: typeof endpointField }>

/** China's regions have a domain of their own (docs, AWS service endpoints). */
const domainOf = (region: string): string => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com")

/** The host of a service in a region (docs, AWS service endpoints), or the VPC's endpoint for it. */
export function serviceHost(service: string, { region, endpoint }: Place): string {
  if (endpoint.kind === "vpc" && endpoint.host.split(".")[1] === service) return endpoint.host
  return `${service}${endpoint.kind === "fips" ? "-fips" : ""}.${region}.${domainOf(region)}`
}
