import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BROKEN, INSIDE, PRIVATE, urlForms } from "../../../test/egress/forms.ts"
import { parseHost } from "../../net/host.ts"
import { accountFault, readAccount } from "./account.ts"

describe("an account", () => {
  test.each([
    ["myorg-myaccount", "myorg-myaccount.snowflakecomputing.com", "MYORG-MYACCOUNT"],
    ["MyOrg-My_Account", "myorg-my-account.snowflakecomputing.com", "MYORG-MY_ACCOUNT"],
    ["xy12345", "xy12345.snowflakecomputing.com", "XY12345"],
    ["xy12345.us-east-1", "xy12345.us-east-1.snowflakecomputing.com", "XY12345"],
    ["xy12345.east-us-2.azure", "xy12345.east-us-2.azure.snowflakecomputing.com", "XY12345"],
    ["xy12345-abc.global", "xy12345-abc.global.snowflakecomputing.com", "XY12345"],
    ["xy12345.us-east-1.privatelink", "xy12345.us-east-1.privatelink.snowflakecomputing.com", "XY12345"],
    ["xy12345.cn-northwest-1.aws", "xy12345.cn-northwest-1.aws.snowflakecomputing.cn", "XY12345"],
    ["your-account.snowflakecomputing.com", "your-account.snowflakecomputing.com", "YOUR-ACCOUNT"],
    ["xy12345.eu-west-1.SnowflakeComputing.com", "xy12345.eu-west-1.snowflakecomputing.com", "XY12345"],
    ["myorg-acct.snowflakecomputing.cn", "myorg-acct.snowflakecomputing.cn", "MYORG-ACCT"],
  ])("%s answers at %s and is %s in a token", (text, host, claim) => {
    expect(accountFault(text)).toBeUndefined()
    expect(readAccount(text)).toEqual({ host, claim })
  })

  test.each([
    "",
    ".",
    "a..b",
    ".a",
    "a.",
    "-a",
    "a-",
    "a.snowflakecomputing.com.",
    "snowflakecomputing.com/",
    "https://a.snowflakecomputing.com",
    "ä",
    "a b",
    "_a",
    "xn--a",
  ])("%j is none", (text) => expect(accountFault(text)).toMatch(/^must be an account identifier/))
})

/** The host of an account that is taken, as the one reading of hosts has it, is below Snowflake's own domains. */
function leadsHome(text: string): void {
  if (accountFault(text) !== undefined) return
  const { host } = readAccount(text)
  expect(host).toMatch(/^[a-z0-9.-]+\.snowflakecomputing\.(com|cn)$/)
  expect(parseHost(host)).toEqual({ kind: "name", name: host })
  const url = new URL(`https://${host}/api/v2/statements`)
  expect([url.hostname, url.port, url.username, url.pathname]).toEqual([host, "", "", "/api/v2/statements"])
}

describe("no text reaches another host", () => {
  const forms = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)].map(({ text }) => text)
  const around = (text: string): string[] => [
    text,
    `${text}.snowflakecomputing.com`,
    `a.snowflakecomputing.com@${text}`,
    `a@${text}`,
    `${text}/.snowflakecomputing.com`,
    `${text}#.snowflakecomputing.com`,
    `${text}?.snowflakecomputing.cn`,
    `${text}\\.snowflakecomputing.com`,
    `${text}:443/.snowflakecomputing.com`,
    `snowflakecomputing.com.${text}`,
    `x.${text}/#`,
  ]

  test("of the forms of forbidden destinations, alone and inside a host of Snowflake's", () => {
    for (const text of forms.flatMap(around)) leadsHome(text)
    expect(forms.flatMap(around).filter((text) => accountFault(text) === undefined).length).toBeGreaterThan(50)
  })

  test("of any text at all", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.webUrl(), fc.domain(), fc.ipV4(), fc.ipV6()), (text) => leadsHome(text)))
    fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/), (text) => leadsHome(text)))
  })
})
