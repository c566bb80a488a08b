import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** One more than there are processors, since many tests wait for something; past four the longest file decides. */
const WORKERS = Math.min(availableParallelism() + 1, 4)

/**
 * `unit` is quick and alone in `npm run check`; `node` needs only Node (the embedded PostgreSQL included); `servers` installs and
 * starts real servers, as its fixtures ask for them (test/README.md), and `faults` brings its own. The last two run a file at a time.
 */
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  test: { name, include, isolate: false, maxWorkers: WORKERS, testTimeout: 30_000, hookTimeout: 120_000, ...more },
})

export default defineConfig({
  test: {
    globalSetup: "test/support/print-time.ts",
    projects: [
      project("unit", ["src/**/*.test.ts", "test/architecture.test.ts", "test/unit/**/*.test.ts"]),
      project("node", ["test/{egress,conformance,api,store,cli,process,compat}/**/*.test.ts"]),
      project("servers", ["test/{conformance,servers}/**/*.test.ts"], {
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
        env: { JACKFIELD_TEST_SERVERS: "1" },
        // A hook may install a server's packages first.
        hookTimeout: 1_800_000,
      }),
      project("faults", ["test/faults/**/*.test.ts"], { maxWorkers: 1, sequence: { groupOrder: 1 }, testTimeout: 600_000 }),
    ],
  },
})
