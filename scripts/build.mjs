// Builds the published package: dist/ from src/. Plain JavaScript, so that it runs before anything is built.
import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"

rmSync("dist", { recursive: true, force: true })
const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit", shell: process.platform === "win32" })
process.exit(status ?? 1)
