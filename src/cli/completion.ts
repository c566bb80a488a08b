import type { CommandFacts } from "./command-tree.ts"

export const SHELLS = ["bash", "zsh", "fish"] as const
export type ShellName = (typeof SHELLS)[number]

/** The script that completes the words of `jackfield` in that shell, made from its commands. */
export const completionScript = (shell: ShellName, commands: readonly CommandFacts[]): string =>
  shell === "fish" ? fish(commands) : shell === "zsh" ? `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}` : bash(commands)

const names = (facts: CommandFacts, all: readonly CommandFacts[]): string[] =>
  facts.commands.flatMap((name) => [name, ...(all.find(({ path }) => path.join(" ") === [...facts.path, name].join(" "))?.aliases ?? [])])

/** Every spelling of a path, with aliases, and the path itself. */
const spellings = (all: readonly CommandFacts[]): [string, string][] =>
  all
    .filter(({ path }) => path.length > 0)
    .flatMap(({ path, aliases }) => {
      const above = path.slice(0, -1).join(" ")
      return [path.at(-1) ?? "", ...aliases].map((word): [string, string] => [`${above} ${word}`.trim(), path.join(" ")])
    })

function bash(all: readonly CommandFacts[]): string {
  const words = all.map((facts) => `    "${facts.path.join(" ")}") known="${[...names(facts, all), ...facts.options.map(({ long }) => long)].join(" ")}" ;;`)
  const paths = spellings(all).map(([spelled, path]) => `      "${spelled}") at="${path}" ;;`)
  return `# Completion for jackfield. Source this script, or save it in your shell's completions folder.
_jackfield() {
  local at="" known="" place
  for ((place = 1; place < COMP_CWORD; place++)); do
    case "\${at:+$at }\${COMP_WORDS[place]}" in
${paths.join("\n")}
    esac
  done
  case "$at" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$known" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _jackfield jackfield
`
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`

function fish(all: readonly CommandFacts[]): string {
  const paths = spellings(all).map(([spelled, path]) => `      case ${quoted(spelled)}; set at ${quoted(path)}`)
  const lines = all.flatMap((facts) => {
    const where = `-n ${quoted(`test (__jackfield_at) = "${facts.path.join(" ")}"`)}`
    const below = facts.commands.map((name) => {
      const about = all.find(({ path }) => path.join(" ") === [...facts.path, name].join(" "))?.description ?? ""
      return `complete -c jackfield -f ${where} -a ${name} -d ${quoted(about)}`
    })
    const options = facts.options
      .filter(({ long }) => long.startsWith("--"))
      .map(({ long, description }) => `complete -c jackfield ${where} -l ${long.slice(2)} -d ${quoted(description)}`)
    return [...below, ...options]
  })
  return `# Completion for jackfield. Save this script as ~/.config/fish/completions/jackfield.fish.
function __jackfield_at
  set -l at ""
  for word in (commandline -opc)[2..-1]
    switch (string trim "$at $word")
${paths.join("\n")}
    end
  end
  echo "$at"
end
${lines.join("\n")}
`
}
