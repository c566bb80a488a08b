import { exclusively } from "../../store/exclusive.ts"
import type { Owner } from "../../store/owner.ts"
import { newestSchema } from "../../store/schema-version.ts"
import type { KeyProvider } from "../../vault/key-provider.ts"
import { rotateMasterKey } from "../../vault/master-rotation.ts"
import { type Proof, proveVault, type VaultStatus, vaultStatus } from "../../vault/proof.ts"
import { type DataRotation, rotateDataKeys, rotationBegan } from "../../vault/rotation.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import type { Terminal } from "../terminal.ts"
import { asOperator, operatorKeys } from "./operator.ts"

export interface RotateOptions {
  readonly master?: boolean
  readonly data?: boolean
}

/** Runs `work` on a store with this version's schema, with the keys of the environment. */
async function withVault<T>(cli: Cli, work: (owner: Owner, provider: KeyProvider) => Promise<T>): Promise<T> {
  const provider = await operatorKeys(cli)
  return await asOperator(cli, {}, async (owner) => {
    await newestSchema(owner.db)
    return await work(owner, provider)
  })
}

/**
 * Rotates keys while hubs are running and ends with the proof; fails if nothing changed, if a key could not be
 * retired, or if the proof fails.
 */
export async function rotate(cli: Cli, options: RotateOptions): Promise<Exit> {
  if (options.master !== true && options.data !== true) throw usage("No keys to rotate were given.", "Use --master, --data or both.")
  return await withVault(cli, async (owner, provider) =>
    exclusively(owner.connection, "rotation", async () => {
      const { terminal, shell } = cli
      const { db } = owner
      const master = options.master === true ? await rotateMasterKey(db, provider, shell.signal) : undefined
      const data = options.data === true ? await rotateDataKeys(db, provider, { note: (line) => terminal.note(line), signal: shell.signal }) : undefined
      const proof = await proveVault(db, provider, shell.signal)
      const status = await vaultStatus(db, provider)
      const changed = (master?.dataKeys ?? 0) + (master?.hubKeys ?? 0) + (data?.newKeys ?? 0) + (data?.resealed ?? 0) + (data?.removed ?? 0)
      const ok = changed > 0 && proof.ok && (data?.kept.length ?? 0) === 0 && (master?.kept.length ?? 0) === 0
      if (terminal.json) await terminal.document({ ok, changed, master, data, proof, status })
      else {
        if (master !== undefined)
          await terminal.line(`Master key: ${count(master.dataKeys, "data key")} and ${count(master.hubKeys, "hub key")} rewrapped with ${master.to}.`)
        for (const id of master?.kept ?? [])
          await terminal.line(
            terminal.bad(
              `Master key ${id} is still in use: a hub has used it for a new key in the meantime. Start every hub with ${master?.to} first, then run this again.`,
            ),
          )
        if (data !== undefined) for (const line of dataLines(data)) await terminal.line(line)
        for (const line of proofLines(terminal, proof)) await terminal.line(line)
        for (const line of statusLines(status)) await terminal.line(line)
        if (changed === 0) await terminal.line(terminal.bad("Nothing changed: every key was already up to date."))
      }
      return ok ? EXIT.ok : EXIT.failed
    }),
  )
}

/** Counts the sealed values of each key; opens nothing. */
export async function status(cli: Cli): Promise<Exit> {
  return await withVault(cli, async ({ db }, provider) => {
    const found = await vaultStatus(db, provider)
    const began = await rotationBegan(db)
    if (cli.terminal.json) await cli.terminal.document({ ...found, rotationBegan: began ?? null })
    else {
      for (const line of statusLines(found)) await cli.terminal.line(line)
      if (began !== undefined)
        await cli.terminal.line(`A rotation of the data keys began at ${began.toISOString()} and is not finished; run it again to continue.`)
    }
    return EXIT.ok
  })
}

/** Opens everything that is sealed; fails if anything cannot be opened. */
export async function prove(cli: Cli): Promise<Exit> {
  return await withVault(cli, async ({ db }, provider) => {
    const proof = await proveVault(db, provider, cli.shell.signal)
    if (cli.terminal.json) await cli.terminal.document(proof)
    else for (const line of proofLines(cli.terminal, proof)) await cli.terminal.line(line)
    return proof.ok ? EXIT.ok : EXIT.failed
  })
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`

function dataLines(data: DataRotation): string[] {
  return [
    ...(data.resumed === undefined ? [] : [`Continued the rotation that began at ${data.resumed.toISOString()}.`]),
    `Data keys: ${data.newKeys} new for ${count(data.workspaces, "workspace")}, ${count(data.resealed, "value")} resealed, ${count(data.removed, "old key")} removed.`,
    ...data.failures.map((failure) => `Not resealed: ${failure}`),
    ...data.kept.map((id) => `Data key ${id} is retired but was kept, because it is still in use or a long transaction held it. Run this again.`),
  ]
}

function proofLines(terminal: Terminal, proof: Proof): string[] {
  const opened = `${count(proof.values, "value")}, ${count(proof.dataKeys, "data key")} and ${count(proof.hubKeys, "hub key")} opened`
  if (proof.ok) return [`${terminal.good("Proof")}: ${opened}; nothing failed.`]
  return [`${terminal.bad("Proof failed")}: ${opened}; ${proof.failures.length} did not:`, ...proof.failures.slice(0, 20).map((failure) => `  ${failure}`)]
}

function statusLines(status: VaultStatus): string[] {
  const active = status.dataKeys.filter((key) => !key.retired)
  const retired = status.dataKeys.filter((key) => key.retired)
  const values = (keys: typeof active): number => keys.reduce((sum, key) => sum + key.values, 0)
  return [
    ...status.masterKeys.map((key) => {
      const state = key.current ? "current" : key.known ? "previous" : "not among the configured keys"
      return `Master key ${key.id} (${state}): ${count(key.dataKeys, "data key")}, ${count(key.hubKeys, "hub key")}.`
    }),
    `Data keys: ${active.length} active with ${count(values(active), "value")}, ${retired.length} retired with ${count(values(retired), "value")}.`,
    ...status.tables.map((table) => `  ${table.name}: ${count(table.values, "value")}`),
  ]
}
