/** Matches the names of values that are credentials. */
const SECRET_NAME = /passw|passphrase|secret|token|credential|signature|authorization|(api|private|access|account|shared).?key|connection.?string/i
/** Matches a URL that contains a login. */
const LOGIN_IN_URL = /:\/\/[^/\s@]*:[^/\s@]*@/
const DEEPEST = 10

/** The dotted names of the values in `value` that look like a credential. A value that is nested too deeply to be searched also counts. */
export function hiddenSecrets(name: string, value: unknown, key = name, depth = 0): string[] {
  if (depth > DEEPEST) return [name]
  if (value !== null && typeof value === "object")
    return Object.entries(value).flatMap(([inner, each]) => hiddenSecrets(`${name}.${inner}`.slice(0, 100), each, inner, depth + 1))
  if (typeof value !== "string" || value === "") return []
  return SECRET_NAME.test(key) || LOGIN_IN_URL.test(value) ? [name] : []
}
