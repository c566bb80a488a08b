import { openSandbox } from "../support/servers/sandbox.ts"

// A process that starts a server, says where it is, and waits to be killed. The server has a child in a session of its own.
const sandbox = openSandbox("child")
const server = await sandbox.launch("shell", "sh", ["-c", `setsid sleep 600 & echo "$!"; exec sleep 600`], { ready: async () => true })
while (server.log() === "") await new Promise((resolve) => setTimeout(resolve, 10))
console.log(JSON.stringify({ folder: sandbox.folder, pids: [server.pid, Number(server.log())] }))
setInterval(() => undefined, 60_000)
