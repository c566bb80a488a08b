import { createServer } from "node:https"
import type { Address } from "../../src/core/lease.ts"
import { keyPair } from "../../test/fixtures/snowflake.ts"
import { startSnowflake } from "../../test/fixtures/snowflake-server.ts"
import { certificate } from "../../test/support/certificates.ts"
import { startTestDatabase } from "../../test/support/embedded.ts"
import { listen } from "../../test/support/loopback.ts"

/** Servers that stand in for the example hosts of the specifications. */
export interface StandInsRunning {
  readonly targets: ReadonlyMap<string, Address>
  /** PEM of the authorities that sign their certificates. */
  readonly ca: string
  stop(): Promise<void>
}

const ACCOUNT = "xy12345.us-east-1"

/** Starts them all: an HTTPS API, a real PostgreSQL, and the strict Snowflake stand-in from the tests. */
export async function startStandIns(): Promise<StandInsRunning> {
  const authority = certificate({ name: "Jackfield playground", ca: true })
  const own = certificate({ name: "api.example.com", names: ["api.example.com"], issuer: authority })
  const api = await listen(
    createServer({ cert: own.cert, key: own.key }, (request, response) => {
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify({ score: 87, standIn: true, asked: request.url }))
    }),
  )
  const database = await startTestDatabase()
  await database.query("create role dbuser login password 'securepassword'")
  await database.query("create database analytics owner dbuser")
  await database.query(
    "create table public.events (id bigint primary key, name text not null, at timestamptz not null default now()); alter table public.events owner to dbuser",
    [],
    "analytics",
  )
  const snowflake = await startSnowflake({
    hosts: [`${ACCOUNT}.snowflakecomputing.com`],
    claim: "XY12345",
    database: "ANALYTICS",
    users: [
      {
        name: "SVC_KAIREON",
        publicKeys: [keyPair("playground").publicKey],
        accessTokens: ["secret"],
        oauthTokens: [],
        roles: ["PUBLIC"],
        warehouse: "COMPUTE_WH",
      },
    ],
    warehouses: { COMPUTE_WH: ["PUBLIC"] },
  })
  const at = (port: number): Address => ({ host: "127.0.0.1", port })
  return {
    targets: new Map([
      ["api.example.com:443", at(api.port)],
      ["db.example.com:5432", at(database.port)],
      [`${ACCOUNT}.snowflakecomputing.com:443`, at(snowflake.port)],
    ]),
    ca: [authority.cert, snowflake.ca].join("\n"),
    stop: async () => {
      await snowflake[Symbol.asyncDispose]()
      await database.stop()
      await api.close()
    },
  }
}
