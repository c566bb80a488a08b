/** Each kind of remedy, with what it asks for and the members that it has, for the docs. */
export const REMEDIES = {
  sql: { means: "Run a statement in the system, as someone with the right to. Names are real, and quoted by the system's own rules.", has: ["sql"] },
  set_field: { means: "Change a field of the connector, to `value` where it is known.", has: ["pointer", "value"] },
  enter_secret: { means: "Enter a secret of the connector again.", has: ["pointer"] },
  upload: { means: "Upload a file, and put its id into the field.", has: ["pointer"] },
  trust_host_key: { means: "Pin the host key that the SSH server showed, if it is the expected one.", has: ["pointer", "value"] },
  egress_rule: { means: "Allow exactly this destination. Only operators get it, and never for an address that no rule can allow.", has: ["rule", "command"] },
  request: { means: "Make this call of the API.", has: ["method", "path", "command"] },
  retry: { means: "Make the same call again, after `afterMs` milliseconds where that is known.", has: ["afterMs"] },
  ask_operator: { means: "Ask an operator of the hub, who sees the cause.", has: [] },
  advice: { means: "Do what the title says; there is nothing to copy.", has: [] },
} as const satisfies Readonly<Record<string, { readonly means: string; readonly has: readonly string[] }>>

export type RemedyKind = keyof typeof REMEDIES
export const REMEDY_KINDS = Object.keys(REMEDIES) as readonly RemedyKind[]

/**
 * One way to mend a failure, as data: what to copy and run, or which field to change. `kind` says which of the other
 * members are there; make one with the functions below. Never holds a secret.
 */
export interface Remedy {
  readonly kind: RemedyKind
  /** What it does, as an instruction of one line, without a full stop. */
  readonly title: string
  /** `sql`: one statement with real names, quoted by the system's own rules. */
  readonly sql?: string
  /** `set_field`, `enter_secret`, `upload`, `trust_host_key`: JSON pointer into the connector's config. */
  readonly pointer?: string
  /** `set_field`, `trust_host_key`: the value to set; absent if only a person knows it. */
  readonly value?: string
  /** `egress_rule`: the rule that allows exactly this destination. */
  readonly rule?: string
  /** `request`: the call of the API that helps. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path?: string
  /** `egress_rule`, `request`: the same on the command line. */
  readonly command?: string
  /** `retry`: how long to wait, in milliseconds, where that is known. */
  readonly afterMs?: number
}

/** A statement to run in the system itself, such as a GRANT. */
export const runSql = (title: string, sql: string): Remedy => ({ kind: "sql", title, sql })

/** A field of the connector's config to change, to `value` if it is known. */
export const setField = (title: string, pointer: string, value?: string): Remedy => ({
  kind: "set_field",
  title,
  pointer,
  ...(value === undefined ? {} : { value }),
})

/** A secret of the connector's config to enter anew. */
export const enterSecret = (title: string, pointer: string): Remedy => ({ kind: "enter_secret", title, pointer })

/** A file to upload, whose id goes into the field. */
export const uploadFile = (title: string, pointer: string): Remedy => ({ kind: "upload", title, pointer })

/** A host key to pin, if it is the expected one. */
export const trustHostKey = (title: string, pointer: string, value: string): Remedy => ({ kind: "trust_host_key", title, pointer, value })

/** The rule that allows a destination; only for operators, and only where a rule can allow it. */
export const egressRule = (title: string, rule: string): Remedy => ({ kind: "egress_rule", title, rule, command: `jackfield egress allow ${rule}` })

/** A call of the hub's API, and the command that makes it. */
export const callHub = (title: string, method: NonNullable<Remedy["method"]>, path: string, command?: string): Remedy => ({
  kind: "request",
  title,
  method,
  path,
  ...(command === undefined ? {} : { command }),
})

/** Waiting helps. */
export const tryAgain = (title: string, afterMs?: number): Remedy => ({ kind: "retry", title, ...(afterMs === undefined ? {} : { afterMs }) })

/** Only an operator of the hub sees the cause. */
export const askOperator = (title: string): Remedy => ({ kind: "ask_operator", title })

/** Something to do outside of the hub that is not a statement. */
export const advise = (title: string): Remedy => ({ kind: "advice", title })

/** The remedies without those that repeat an earlier one. */
export function distinct(remedies: readonly Remedy[]): readonly Remedy[] {
  const known = new Set<string>()
  return remedies.filter((remedy) => {
    const { title: _, ...rest } = remedy
    const key = JSON.stringify(Object.keys(rest).length === 1 ? remedy : rest)
    return known.has(key) ? false : known.add(key)
  })
}
