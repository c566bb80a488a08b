import type { Wire } from "../../wire.ts"
import { readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import { table } from "../table.ts"

type EgressRule = Wire["EgressRule"]

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const answer = await readAll<EgressRule>(await hub(), "/v1/egress")
  if (terminal.json) await terminal.document(answer)
  else if (answer.data.length === 0) terminal.note("No private destinations are allowed; public destinations always are.")
  else {
    const rows = answer.data.map((each) => [each.rule, each.source === "environment" ? "JACKFIELD_EGRESS_ALLOW" : when(each.createdAt), each.note])
    await terminal.write(table(["RULE", "SINCE", "NOTE"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export interface AllowOptions {
  readonly note?: string
}

/** Allows a private destination, immediately and on every node. */
export async function allow({ terminal, hub }: Cli, rule: string, options: AllowOptions): Promise<Exit> {
  const made = await (await hub()).post<EgressRule>("/v1/egress", { rule, ...(options.note === undefined ? {} : { note: options.note }) })
  if (terminal.json) await terminal.document(made)
  else await terminal.line(`Allowed ${made.rule}.`)
  return EXIT.ok
}

/** Removes a rule added by `allow`; rules in the environment must be changed there. */
export async function deny({ terminal, hub }: Cli, wanted: string): Promise<Exit> {
  const client = await hub()
  const { data } = await readAll<EgressRule>(client, "/v1/egress")
  const matching = data.filter((each) => each.id === wanted || each.rule === wanted || each.rule.replace(/\/(32|128)(?=$|:|\])/, "") === wanted)
  const stored = matching.filter((each): each is EgressRule & { readonly id: string } => each.id !== null)
  if (matching.length === 0)
    throw new Failure(EXIT.notFound, {
      code: "not_found",
      detail: "There is no such egress rule.",
      next: "See `jackfield egress list`; write the rule exactly as it is shown there.",
    })
  if (stored.length === 0) throw usage("That rule comes from JACKFIELD_EGRESS_ALLOW.", "Remove it from the variable and restart the hub.")
  for (const each of stored) await client.remove(`/v1/egress/${encodeURIComponent(each.id)}`)
  const still = matching.length > stored.length
  if (terminal.json) await terminal.document({ denied: stored, stillAllowedBy: still ? "environment" : null })
  else await terminal.line(`${stored[0]?.rule} is no longer allowed${still ? " here, but JACKFIELD_EGRESS_ALLOW still allows it" : ""}.`)
  return EXIT.ok
}
