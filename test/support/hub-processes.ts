import { type DataFolder, makeDataFolder } from "./data-folder.ts"
import { type HubProcess, type HubProcessOptions, startHubProcess } from "./hub-process.ts"

/** Hub processes that come and go in a test, each in a data folder of its own. */
export interface HubProcesses {
  /** All that were started since the last `stop()`. */
  readonly folders: readonly DataFolder[]
  start(options?: HubProcessOptions): HubProcess
  /** Kills those that still run, and removes every folder. */
  stop(): Promise<void>
}

export function hubProcesses(): HubProcesses {
  const folders: DataFolder[] = []
  const hubs: HubProcess[] = []
  return {
    folders,
    start(options) {
      const folder = makeDataFolder()
      const hub = startHubProcess(folder.dir, options)
      folders.push(folder)
      hubs.push(hub)
      return hub
    },
    async stop() {
      await Promise.all(hubs.splice(0).map((hub) => hub.end("SIGKILL")))
      await Promise.all(folders.splice(0).map((folder) => folder.remove()))
    },
  }
}
