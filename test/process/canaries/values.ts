import { createHash } from "node:crypto"

/** A secret that must not appear anywhere, and its special property. */
export interface Canary {
  readonly about: string
  readonly value: string
}

/** Letters and digits that are the same in every run and occur nowhere else. */
function seeded(seed: string, length: number, digest: "base64" | "hex" = "base64"): string {
  let out = ""
  for (let round = 0; out.length < length; round++)
    out += createHash("sha256")
      .update(`${seed} ${round}`)
      .digest(digest)
      .replaceAll(/[^A-Za-z0-9]/g, "")
  return out.slice(0, length)
}

const pem = (title: string, eol: string): string =>
  [`-----BEGIN ${title}-----`, ...Array.from({ length: 12 }, (_, line) => seeded(`${title} ${line}`, 64)), `-----END ${title}-----`, ""].join(eol)

const header = Buffer.from('{"alg":"HS256"}').toString("base64url")

/** The shapes of passwords, tokens and keys, including shapes that escaping, quoting, parsing or truncation may mishandle. */
const SHAPES: readonly (readonly [about: string, shape: (core: string) => string])[] = [
  ["plain", (core) => core],
  ["short", (core) => core.slice(0, 8)],
  ["nine characters", (core) => core.slice(0, 9)],
  ["64 characters", () => seeded("64", 64)],
  ["4 KB", () => seeded("4096", 4_096)],
  ["hexadecimal", (core) => seeded(core, 40, "hex")],
  ["double quotes", (core) => `"${core}"q"`],
  ["single quotes", (core) => `'${core}'' or '1'='1`],
  ["back quotes", (core) => `\`${core}\``],
  ["backslashes", (core) => `\\${core}\\n\\\\x\\u0041`],
  ["slashes", (core) => `/${core}/../a//b`],
  ["PEM", () => pem("PRIVATE KEY", "\n")],
  ["PEM of Windows", () => pem("RSA PRIVATE KEY", "\r\n")],
  ["two lines", (core) => `${core}\n${core.slice(3)}Z`],
  ["tabs", (core) => `${core}\t${core.slice(4)}`],
  ["percent", (core) => `%${core}%41%zz%`],
  ["percent-encoded", (core) => `%41${core}%2F%20`],
  ["plus", (core) => `+${core}+ +`],
  ["ampersand and equals", (core) => `a=${core}&b=${core.slice(2)}`],
  ["query and fragment", (core) => `?${core}#x`],
  ["of a login in a URL", (core) => `${core}:p@w/d`],
  ["markup", (core) => `<${core}>&amp;"'</script>`],
  ["combining marks", (core) => `e\u0301${core}a\u0308\u0323`],
  ["beyond the first plane", (core) => `🐤${core}👩‍👩‍👧`],
  ["Latin-1", (core) => `é${core}ÿß`],
  ["right to left", (core) => `שלום${core}\u202e`],
  ["control characters", (core) => `\u0001${core}\u001b[31m\u007f`],
  ["next-line characters", (core) => `${core}\u0085\u2028${core.slice(1)}`],
  ["a JSON object", (core) => `{"password":"${core}"}`],
  ["a JSON text", (core) => JSON.stringify(`${core}"`)],
  ["a number", () => "8675309241170359"],
  ["a UUID", (core) => seeded(core, 32, "hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5")],
  ["a JWT", (core) => `${header}.${Buffer.from(`{"sub":"${core}"}`).toString("base64url")}.${seeded(core, 43)}`],
  ["base64", (core) => Buffer.from(`${core}\u00ff\u00fe~`).toString("base64")],
  ["a shell variable", (core) => `\${${core}}$HOME$(${core.slice(1)})`],
  ["a template", (core) => `{{ ${core} }}{% raw %}`],
  ["a regular expression", (core) => `^(${core})[a-z]*.+?|$&$1`],
  ["blanks around", (core) => `  ${core} `],
  ["a mask", (core) => `****${core}****`],
  ["separators", (core) => `${core};${core.slice(1)},x|y`],
]

/** The forty canaries. */
export const CANARIES: readonly Canary[] = SHAPES.map(([about, shape], index) => ({ about, value: shape(seeded(`canary ${index}`, 16)) }))

/** A secret of the hub itself or of a user, for a single purpose. */
export const canaryOf = (use: string): string => `${seeded(use, 20)}/+%${seeded(`${use} again`, 8)}`
