// Lints docs/openapi.json by redocly.yaml, without a word to anybody: no telemetry, no look for a newer version.
import { spawnSync } from "node:child_process"

const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" }
const { status } = spawnSync("redocly", ["lint", "docs/openapi.json"], { stdio: "inherit", env, shell: process.platform === "win32" })
process.exit(status ?? 1)
