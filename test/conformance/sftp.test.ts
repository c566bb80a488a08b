import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import ssh2 from "ssh2"
import { afterAll, describe, expect, test } from "vitest"
import { sftp } from "../../src/connectors/sftp.ts"
import { PlatformError } from "../../src/core/errors.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { keepFolder } from "../support/keeper.ts"
import { type SftpOddities, serveSftp } from "../support/sftp-server.ts"
import { type SshServer, type SshServerOptions, startSshServer } from "../support/ssh-server.ts"
import { within } from "../support/waiting.ts"
import { withSession } from "./context.ts"

// What OpenSSH does not do: ssh2's own server half, which has none of its extensions, and does otherwise where it is told to.

const USER = "jackfield"
const PASSWORD = "correct horse battery"
const kept = keepFolder("sftp-odd")
afterAll(() => kept.close())

interface At {
  readonly server: SshServer
  readonly folder: string
  /** Paths of the files that the server holds open. */
  readonly open: readonly string[]
  run<T>(work: (session: Session) => Promise<T>, more?: object, options?: object): Promise<T>
}

/** Work with a server of its own and a folder of its own. */
async function withServer(work: (at: At) => Promise<void>, oddities: SftpOddities = {}, options: Partial<SshServerOptions> = {}): Promise<void> {
  const folder = join(kept.path, crypto.randomUUID())
  mkdirSync(folder)
  const { serve, open } = serveSftp(oddities)
  await using server = await startSshServer({ user: USER, password: PASSWORD, sftp: serve, ...options })
  const { port, hostKey } = server
  const config = { host: "127.0.0.1", port, hostKey, user: USER, auth: { kind: "password", password: PASSWORD }, folder }
  await work({ server, folder, open, run: (each, more, terms = {}) => withSession({ connector: sftp }, { ...config, ...more }, each, terms) })
}

const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const batch = (rows = 1): Batch => ({
  columns: [column("id", "integer"), column("name", "string")],
  rows: Array.from({ length: rows }, (_, id) => [id, "x".repeat(1_000)]),
})
const FOLDERS = { streams: "folder" }
const append = (session: Session, rows?: number) => session.write(stream("new/"), batch(rows), { mode: "append" })

describe("logs in", () => {
  test("by a password, by one that is asked for interactively, and by a key with a passphrase", async () => {
    const locked = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "open sesame", cipher: "aes256-ctr", rounds: 16 })
    const test_ = (session: Session) => session.test()
    await withServer(async ({ run }) => void expect(await run(test_)).toMatchObject({ product: expect.stringMatching(/^ssh2/) }))
    await withServer(async ({ run }) => void (await run(test_)), {}, { prompts: true })
    const auth = { kind: "key", privateKey: locked.private, passphrase: "open sesame" }
    await withServer(async ({ run }) => void (await run(test_, { auth })), {}, { publicKey: locked.public })
  })

  test("or says what is wrong, in the stage of the login", async () => {
    await withServer(async ({ run }) => {
      const locked = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "open sesame", cipher: "aes256-ctr", rounds: 16 })
      const cases = [
        [{ auth: { kind: "password", password: "wrong-password" } }, /refused the login/],
        [{ auth: { kind: "key", privateKey: locked.private } }, /encrypted and the passphrase is missing or wrong/],
        [
          { auth: { kind: "key", privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n-----END OPENSSH PRIVATE KEY-----" } },
          /cannot be read; provide it in OpenSSH or PEM format/,
        ],
      ] as const
      for (const [more, message] of cases)
        expect(await failure(run((session) => session.test(), more))).toMatchObject({ code: "auth_failed", message: expect.stringMatching(message) })
    })
  })

  test("where there is SSH and no SFTP, it says so", async () => {
    await withServer(
      async ({ run }) => {
        const error = await failure(run((session) => session.test()))
        expect([error.code, error.message]).toEqual([
          "permission_denied",
          expect.stringMatching(/the server starts no SFTP session; enable the subsystem sftp/),
        ])
      },
      {},
      { sftp: undefined as never },
    )
  })
})

test("a server whose answers are short gives the same bytes", async () => {
  const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `n${id}` }))
  await withServer(
    async ({ run, folder }) => {
      writeFileSync(join(folder, "a.ndjson"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
      expect(await run((session) => rowsOf(session.read(stream("a.ndjson"))))).toEqual(rows)
    },
    { reads: (_, offset) => 1_000 + (offset % 7_001) },
  )
})

test("a name with a slash is refused: it would be another file's path", async () => {
  await withServer(
    async ({ run }) => {
      const error = await failure(run((session) => collect(session.discover())))
      expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(/name is empty or contains a slash/)])
    },
    { names: ["../../etc/passwd"] },
  )
})

describe("a server that stops", () => {
  const long = `id,name\n${Array.from({ length: 50_000 }, (_, id) => `${id},${"x".repeat(50)}\n`).join("")}`

  test("in mid-read and dies is a lost connection", async () => {
    await withServer(async ({ run, folder, server }) => {
      writeFileSync(join(folder, "a.csv"), long)
      const read = async (session: Session): Promise<void> => {
        for await (const _ of session.read(stream("a.csv"))) server.kill()
      }
      expect(await failure(run(read))).toMatchObject({
        code: "connection_lost",
        message: expect.stringMatching(/lost before the server could read .*a\.csv; try again/),
      })
    })
  })

  test("in mid-read and says nothing is cut off with the deadline, and holds nothing of ours any more", async () => {
    await withServer(
      async ({ run, folder, open, server }) => {
        writeFileSync(join(folder, "a.csv"), long)
        expect((await failure(run((session) => collect(session.read(stream("a.csv"))), {}, { deadlineMs: 1_000 }))).code).toBe("timed_out")
        await within(2_000, async () => server.connections() === 0 && open.length === 0, "the server has no connection and no open file")
      },
      { reads: (_, offset) => (offset > 1_000_000 ? "never" : "whole") },
    )
  })
})

describe("a file that cannot be written whole", () => {
  test("leaves nothing when the disk is full", async () => {
    let written = 0
    await withServer(
      async ({ run, folder }) => {
        const error = await failure(run((session) => append(session, 5_000), FOLDERS))
        expect([error.code, error.message]).toEqual(["remote_failed", expect.stringMatching(/could not write .*its disk may be full, or a quota exceeded/)])
        expect(readdirSync(join(folder, "new"))).toEqual([])
      },
      { failWrites: () => (++written > 20 ? ssh2.utils.sftp.STATUS_CODE.FAILURE : undefined) },
    )
  })

  test("leaves nothing when the caller goes away in the middle", async () => {
    let written = 0
    let goAway = (): void => undefined
    await withServer(
      async ({ run, folder }) => {
        const write = (session: Session) => append(session, 5_000)
        const signal = new AbortController()
        goAway = () => signal.abort(new PlatformError("cancelled", "The caller went away."))
        expect((await failure(run(write, FOLDERS, { signal: signal.signal }))).code).toBe("cancelled")
        await within(2_000, async () => readdirSync(join(folder, "new")).length === 0, "the unfinished file is removed")
      },
      {
        failWrites: () => {
          if (++written === 20) goAway()
          return undefined
        },
      },
    )
  })

  test("replaces nothing where the server cannot replace", async () => {
    await withServer(async ({ run, folder }) => {
      const commit = { run: "r", part: "p", sequence: 0 }
      await run((session) => session.write(stream("new/"), batch(), { mode: "append", commit }), FOLDERS)
      const [name = ""] = readdirSync(join(folder, "new"))
      const before = readFileSync(join(folder, "new", name), "utf8")
      const writers = Array.from({ length: 4 }, () =>
        run((session) => session.write(stream("new/"), batch(2), { mode: "append", commit: { ...commit, sequence: 1 } }), FOLDERS).catch(
          (error: unknown) => error,
        ),
      )
      const ended = await Promise.all(writers)
      for (const end of ended.filter((each) => each instanceof Error))
        expect(end).toMatchObject({ code: "remote_failed", message: expect.stringMatching(/the file may exist already, and the server cannot replace files/) })
      expect(readdirSync(join(folder, "new"))).toHaveLength(2)
      expect(readFileSync(join(folder, "new", name), "utf8")).toBe(before)
    })
  })
})
