import { startTestDatabase } from "../support/embedded.ts"
import { openSandbox } from "../support/servers/sandbox.ts"
import { within } from "../support/waiting.ts"

// A process that starts servers, says where they are, and waits to be killed. One server has a child in a session of its own.
const sandbox = openSandbox("child")
const server = await sandbox.launch("shell", "sh", ["-c", `setsid sleep 600 & echo "$!"; exec sleep 600`], { ready: async () => true })
await within(5_000, () => server.log() !== "", "the child's number is printed")
const database = await startTestDatabase()
console.log(JSON.stringify({ folders: [sandbox.folder, database.folder], pids: [server.pid, Number(server.log()), database.pid] }))
setInterval(() => undefined, 60_000)
