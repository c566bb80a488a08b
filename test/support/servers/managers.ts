import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { DebianPackages } from "./packages.ts"

/** Package registries other than Debian's. */
export type Manager = "pip" | "npm" | "maven" | "go"

type Run = (command: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<void>

/** How packages of one registry get into a folder. */
interface Installer {
  /** What the installer itself needs. */
  readonly debian: DebianPackages
  install(folder: string, packages: readonly string[], run: Run): Promise<void>
}

/**
 * The installers. `pip` takes requirements and options (`--no-deps`) and makes a virtual environment of the folder; `npm`
 * takes `name@version`; `go` takes `module/path@version` and leaves the program in `bin`; `maven` takes
 * `group:artifact:version`, a jar that goes into `jars` with all that it depends on, and
 * `group:artifact:version:tar.gz[:classifier]` (or `zip`), which is unpacked into the folder.
 */
export const managers: Readonly<Record<Manager, Installer>> = {
  pip: {
    debian: { "python3-venv": ["/usr/bin/python3", "/usr/lib/python3*/ensurepip"] },
    async install(folder, packages, run) {
      // Debian's own Python: another one may lie where the servers' account cannot reach it.
      await run("/usr/bin/python3", ["-m", "venv", folder])
      await run(join(folder, "bin", "pip"), ["install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", ...packages])
    },
  },
  npm: {
    debian: { npm: ["npm"] },
    async install(folder, packages, run) {
      await writeFile(join(folder, "package.json"), "{}")
      await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...packages])
    },
  },
  maven: {
    debian: { maven: ["mvn"] },
    async install(folder, packages, run) {
      const repository = join(folder, "m2")
      const maven = (goal: string, ...args: string[]): Promise<void> =>
        run("mvn", ["-q", "-B", `-Dmaven.repo.local=${repository}`, `org.apache.maven.plugins:maven-dependency-plugin:3.6.1:${goal}`, ...args])
      const isJar = (artifact: string): boolean => artifact.split(":").length === 3
      const jars = packages.filter(isJar)
      if (jars.length > 0) {
        await writeFile(join(folder, "pom.xml"), pom(jars))
        await maven("copy-dependencies", `-DoutputDirectory=${join(folder, "jars")}`, "-DincludeScope=runtime")
      }
      for (const archive of packages.filter((each) => !isJar(each))) {
        const isTar = archive.includes(":tar.gz")
        await maven(isTar ? "copy" : "unpack", `-Dartifact=${archive}`, `-DoutputDirectory=${isTar ? repository : folder}`)
        // Maven leaves hard links empty.
        if (isTar) await run("tar", ["-xzf", join(repository, fileOf(archive)), "-C", folder])
      }
      await rm(repository, { recursive: true })
    },
  },
  go: {
    debian: { "golang-go": ["go"] },
    async install(folder, packages, run) {
      const [GOMODCACHE, GOCACHE] = [join(folder, "modules"), join(folder, "cache")]
      const env = { GOBIN: join(folder, "bin"), GOMODCACHE, GOCACHE, GOFLAGS: "-modcacherw", CGO_ENABLED: "0" }
      for (const each of packages) await run("go", ["install", "-ldflags", "-s -w", each], env)
      for (const path of [GOMODCACHE, GOCACHE]) await rm(path, { recursive: true })
    },
  },
}

/** `group:artifact:version:type[:classifier]` as Maven names its file. */
function fileOf(archive: string): string {
  const [, name, version, type, classifier] = archive.split(":")
  return `${[name, version, ...(classifier === undefined ? [] : [classifier])].join("-")}.${type}`
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(":")
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId>
<artifactId>servers</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join("\n")}</dependencies></project>
`
}
