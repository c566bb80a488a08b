/**
 * The public library surface: the contract for connectors written outside this repository, and the hub itself, for
 * embedding.
 */

export * from "./core/call.ts"
export * from "./core/config.ts"
export * from "./core/connector.ts"
export * from "./core/errors.ts"
export * from "./core/fields.ts"
export * from "./core/lease.ts"
export { Registry } from "./core/registry.ts"
export { type FieldDescription, jsonSchema } from "./core/schema.ts"
export { type OpenOptions, open, type Session } from "./core/session.ts"
export * from "./core/streams.ts"
export { type Stage, type StageName, Trace } from "./core/trace.ts"
export * from "./core/values.ts"
export { readSettings, type Settings } from "./hub/base/settings.ts"
export { createLog } from "./log.ts"
export { Door, type DoorOptions, type LeaseOptions, type OpenLease } from "./net/door.ts"
export { type Served, serve } from "./serve.ts"
