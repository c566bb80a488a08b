import { get } from "node:http"
import { defineServer } from "../support/servers/server.ts"

/** A bqemulator, an emulator of BigQuery's REST API over DuckDB and sqlglot: no login, plain HTTP. */
export interface BqEmulator {
  readonly port: number
  /** The project that statements without one belong to. */
  readonly project: string
}

/** DuckDB is held at the version of the wheels that carry its extensions: nothing is fetched when it starts. */
const DUCKDB = "1.5.5"
const EXTENSIONS = ["spatial", "avro"]
const PROJECT = "jackfield-test"

export const bqemulator = defineServer<BqEmulator>({
  name: "bqemulator",
  packages: {
    pip: [
      "bqemulator==1.4.0",
      `duckdb==${DUCKDB}`,
      `duckdb-extensions==${DUCKDB}`,
      ...EXTENSIONS.map((name) => `duckdb-extension-${name}==${DUCKDB}`),
      "numpy==2.2.6",
    ],
  },
  async begin(sandbox, { program }) {
    // The extensions are put into the home of the account that runs the server.
    const imports = `import duckdb_extensions as d\n${EXTENSIONS.map((name) => `d.import_extension(${JSON.stringify(name)})`).join("\n")}`
    await sandbox.run(program("python"), ["-c", imports])
    return sandbox.onFreePorts(2, async (port, grpcPort) => {
      const args = ["start", "--rest-port", String(port), "--grpc-port", String(grpcPort), "--project", PROJECT]
      const ready = () => answers(port)
      await sandbox.launch("bqemulator", program("bqemulator"), args, { ready, readyMs: 60_000, env: { TMPDIR: sandbox.folder } })
      return { port, project: PROJECT }
    })
  },
})

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: `/bigquery/v2/projects/${PROJECT}/datasets`, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode === 200))
    }).once("error", reject)
  })
