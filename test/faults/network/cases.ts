import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { ErrorCode } from "../../../src/core/errors.ts"
import type { StageName } from "../../../src/core/trace.ts"
import { probe, type TestReport } from "../../../src/hub/probes/probe.ts"
import { Door } from "../../../src/net/door.ts"
import { Policy } from "../../../src/net/policy.ts"
import { Resolver } from "../../../src/net/resolver.ts"
import { parseEgressRules } from "../../../src/net/rules.ts"
import { opened } from "../../conformance/context.ts"
import { type Answer, startDnsServer } from "../../support/dns-server.ts"
import { type Loopback, listenRaw } from "../../support/loopback.ts"
import { answering, BODIES, CA, garbage, stallingServer, tlsServer, trickle } from "./servers.ts"
import type { Subject } from "./subjects.ts"

/** The expected result of a type's test with a fault; `stage` if the code alone is ambiguous. */
export interface Expected {
  readonly code: ErrorCode
  readonly stage?: StageName
}

/** A fault of the network or of a server, and the result that each type must report. */
export interface Fault {
  readonly name: string
  readonly applies: (subject: Subject) => boolean
  readonly expected: (subject: Subject) => Expected
  /** Another code that is equally correct. */
  readonly or?: ErrorCode
  /** Starts the faulty server; undefined if the fault is only in the name server. */
  start(subject: Subject, host: string): Promise<Loopback>
  /** Whether the fault is inside of valid TLS, for types that can also connect without TLS. */
  readonly overTls?: true
  /** The name server's answer; by default the host's address. */
  readonly dns?: Answer
}

export const HOST = "faults.example.test"
const everybody = (): boolean => true
const overTls = ({ neverTls }: Subject): boolean => neverTls !== true
const is = (code: ErrorCode, stage?: StageName) => (): Expected => ({ code, ...(stage === undefined ? {} : { stage }) })
const nobody = (): Promise<Loopback> => listenRaw()

type Serve = (socket: Socket, raw: Socket) => void

/** A raw server for types that can connect in plain text, and the same inside TLS for types that cannot. */
const eitherWay =
  (serve: Serve) =>
  (subject: Subject, host: string): Promise<Loopback> =>
    subject.alwaysTls ? tlsServer(subject, "good", host, serve) : listenRaw((socket) => serve(socket, socket))

const body = (name: string, applies: Fault["applies"], expected: Fault["expected"]): Fault => ({
  name,
  applies: (subject) => subject.http && applies(subject),
  expected,
  start: eitherWay((socket) => answering(socket, BODIES[name] ?? (() => undefined))),
})

export const faults: readonly Fault[] = [
  { name: "tarpit", applies: everybody, expected: is("timed_out"), start: nobody },
  // Whether the connection was established depends on timing.
  {
    name: "RST at once",
    applies: everybody,
    expected: is("host_unreachable", "connect"),
    or: "connection_lost",
    start: () => listenRaw((socket) => void socket.resetAndDestroy()),
  },
  {
    name: "RST when asked",
    applies: everybody,
    expected: is("connection_lost"),
    start: (subject, host) =>
      eitherWay((socket, raw) => {
        socket.on("error", () => undefined).once("data", () => raw.resetAndDestroy())
        if (subject.greets === true) socket.write(subject.opening)
      })(subject, host),
  },
  {
    name: "one byte a second",
    applies: everybody,
    expected: is("timed_out"),
    start: (subject, host) => eitherWay((socket) => trickle(socket.on("error", () => undefined).resume(), subject.opening, 1_000))(subject, host),
  },
  { name: "TLS stall", applies: overTls, expected: is("timed_out", "tls"), start: stallingServer, overTls: true },
  {
    name: "expired certificate",
    applies: overTls,
    expected: is("tls_expired", "tls"),
    start: (subject, host) => tlsServer(subject, "expired", host),
    overTls: true,
  },
  {
    name: "certificate for another name",
    applies: overTls,
    expected: is("tls_name_mismatch", "tls"),
    start: (subject, host) => tlsServer(subject, "for another name", host),
    overTls: true,
  },
  {
    name: "self-signed certificate",
    applies: overTls,
    expected: is("tls_untrusted", "tls"),
    start: (subject, host) => tlsServer(subject, "self-signed", host),
    overTls: true,
  },
  { name: "NXDOMAIN", applies: everybody, expected: is("host_not_found", "resolve"), start: nobody, dns: "NXDOMAIN" },
  { name: "SERVFAIL", applies: everybody, expected: is("dns_failed", "resolve"), start: nobody, dns: "SERVFAIL" },
  body("10 GB body", ({ connector, unread }) => connector.type !== "csv" && unread !== true, is("response_too_large")),
  body("gzip bomb", ({ connector, unread }) => connector.type !== "csv" && unread !== true, is("response_too_large")),
  body("redirect loop", everybody, ({ stays }) => ({ code: stays === true ? "response_invalid" : "redirected_too_often" })),
  { name: "garbage without end", applies: everybody, expected: is("protocol_invalid"), start: eitherWay(garbage) },
  {
    name: "messages without end",
    applies: ({ endless }) => endless !== undefined,
    expected: ({ greets }) => ({ code: greets === true ? "response_too_large" : "protocol_invalid" }),
    start: (subject) => listenRaw((socket) => subject.endless?.(socket.on("error", () => undefined))),
  },
]

/** The dialer, with the fault's name server, and with the type's own host resolved to the fault. */
function doorFor(subject: Subject, port: number, dns: string, loose: boolean): Door {
  const instead = subject.host === undefined || loose ? new Map() : new Map([[`${subject.host}:443`, { host: "127.0.0.1", port }]])
  return new Door({
    standIns: instead,
    extraCa: CA,
    policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8,::1/128") }),
    resolver: new Resolver({ servers: [dns] }),
  })
}

export interface Outcome {
  readonly report: TestReport
  readonly tookMs: number
  /** The maximum growth of resident memory in bytes. */
  readonly grewBy: number
}

/** Runs the type's test as the hub does, against the fault. */
export async function meet(subject: Subject, fault: Fault, deadlineMs: number, watchMemory = true): Promise<Outcome> {
  const host = subject.host ?? HOST
  await using server = await fault.start(subject, host)
  await using names = await startDnsServer((_, type) => fault.dns ?? (type === "A" ? { addresses: ["127.0.0.1"] } : { addresses: [] }))
  const tls = fault.overTls === true ? { ca: CA } : {}
  const config = opened(subject.connector, subject.posted({ host, port: server.port, ...tls }))
  const door = doorFor(subject, server.port, names.address, fault.dns !== undefined)
  const before = process.memoryUsage().rss
  let most = before
  const watching = watchMemory ? setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20) : undefined
  const begun = performance.now()
  try {
    const { operator } = await probe(door, subject.connector, config, { deadlineMs, operator: true })
    return { report: operator, tookMs: performance.now() - begun, grewBy: most - before }
  } finally {
    clearInterval(watching)
    await sleep(0)
  }
}
