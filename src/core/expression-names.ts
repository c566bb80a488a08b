/** A token from the JMESPath lexer. */
export interface NameToken {
  readonly type: string
  readonly value: unknown
  readonly start: number
}

const OPERATORS: ReadonlySet<string> = new Set(["Minus", "Plus", "Divide", "Div", "Modulo"])
const QUOTES = "names with other characters than letters, digits and _ need double quotes"

/**
 * The problem with two names that have an operator directly between them, such as `next-cursor`: JMESPath calculates there, although the member of that
 * name was probably meant. With blanks around it, the operator is taken as one.
 */
export function gluedFault(text: string, tokens: readonly NameToken[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    const [before, after, next] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]]
    if (!OPERATORS.has(token.type) || !isName(before) || !isName(after) || next?.type === "Lparen") continue
    const glued = before.start + before.value.length === token.start && token.start + String(token.value).length === after.start
    if (!glued) continue
    const whole = nameAround(text, token.start)
    return `calculates at ${whole}: write "${whole}" in double quotes for the member of that name, or blanks around the ${String(token.value)} to calculate.`
  }
  return undefined
}

/** A hint about quotes, if the syntax error may come from a name that needs them. */
export const quotesHint = (said: string): string =>
  /unexpected token type: (Number|UnquotedIdentifier|Colon)|expected Colon, got: (Minus|Divide)/.test(said) ? `; ${QUOTES}` : ""

const isName = (token: NameToken | undefined): token is NameToken & { readonly value: string } =>
  token?.type === "UnquotedIdentifier" && typeof token.value === "string"

/** The names and operators around a position, up to the next blank or other character; at most 60 characters on each side. */
function nameAround(text: string, at: number): string {
  const before = /[\w+\-−/%]*$/.exec(text.slice(Math.max(0, at - 60), at))?.[0] ?? ""
  const after = /^[\w+\-−/%]*/.exec(text.slice(at, at + 60))?.[0] ?? ""
  return before + after
}
