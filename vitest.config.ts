import { defineConfig } from "vitest/config"

/**
 * `unit` is quick and alone in `npm run check`; `node` needs only Node (the embedded PostgreSQL included); `servers` installs and
 * starts real servers, as its fixtures ask for them (test/servers), and `faults` brings its own.
 */
const project = (name: string, include: string[], workers: number, more: Record<string, unknown> = {}) => ({
  test: { name, include, isolate: false, maxWorkers: workers, testTimeout: 30_000, hookTimeout: 120_000, ...more },
})

export default defineConfig({
  test: {
    projects: [
      project("unit", ["src/**/*.test.ts", "test/architecture.test.ts", "test/unit/**/*.test.ts"], 2),
      project("node", ["test/{egress,conformance,api,store,cli,process,compat}/**/*.test.ts"], 2),
      project("servers", ["test/{conformance,servers}/**/*.test.ts"], 1, {
        sequence: { groupOrder: 1 },
        env: { JACKFIELD_TEST_SERVERS: "1" },
        // A hook may install a server's packages first.
        hookTimeout: 1_800_000,
      }),
      project("faults", ["test/faults/**/*.test.ts"], 1, { sequence: { groupOrder: 1 }, testTimeout: 600_000 }),
    ],
  },
})
