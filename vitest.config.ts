import { defineConfig } from "vitest/config"

/** `unit` is quick and alone in `npm run check`; `node` needs only Node (the embedded PostgreSQL included); `servers` and `faults` bring their own. */
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  test: { name, include, isolate: false, testTimeout: 30_000, hookTimeout: 120_000, ...more },
})

export default defineConfig({
  test: {
    projects: [
      project("unit", ["src/**/*.test.ts", "test/architecture.test.ts", "test/unit/**/*.test.ts"]),
      project("node", ["test/{egress,conformance,api,store,cli,process,compat}/**/*.test.ts"], { fileParallelism: false }),
      project("servers", ["test/{conformance,servers}/**/*.test.ts"], { fileParallelism: false, env: { JACKFIELD_TEST_SERVERS: "1" } }),
      project("faults", ["test/faults/**/*.test.ts"], { fileParallelism: false, testTimeout: 600_000 }),
    ],
  },
})
