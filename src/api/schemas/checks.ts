import Type from "typebox"
import { CHECK_EVERY_MAX_MS, CHECK_EVERY_MIN_MS } from "../../hub/checks/checks.ts"
import { closed, Id, Nullable, named, PageQuery, Time } from "./basics.ts"
import { TestReport } from "./tests.ts"

const State = named("HealthState", Type.Enum(["unknown", "up", "down"]))
export const CheckInput = named(
  "CheckInput",
  Type.Object(
    {
      everyMs: Type.Integer({ minimum: CHECK_EVERY_MIN_MS, maximum: CHECK_EVERY_MAX_MS, description: "The interval: a minute at least, a week at most" }),
      timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 30_000, description: "10,000 unless given" })),
    },
    closed,
  ),
)
export const CheckQuery = Type.Object({ ...PageQuery, state: Type.Optional(State) }, closed)
export const Check = named(
  "Check",
  Type.Object({
    connector: Type.Object({ id: Id, name: Type.String(), title: Type.String(), type: Type.String() }),
    everyMs: Type.Integer(),
    timeoutMs: Type.Integer(),
    state: State,
    since: Time,
    failures: Type.Integer({ description: "Failed checks in a row" }),
    lastCheckedAt: Nullable(Time),
    nextCheckAt: Nullable(Time),
    stopped: Nullable(Type.Object({ code: Type.String(), message: Type.String() }, { description: "The reason why the schedule stopped" })),
  }),
)
export const CheckResult = named(
  "CheckResult",
  Type.Object({
    id: Type.Integer(),
    at: Time,
    connectorVersion: Type.Integer(),
    state: State,
    changed: Type.Boolean({ description: "Whether this check changed the state" }),
    report: TestReport,
  }),
)
