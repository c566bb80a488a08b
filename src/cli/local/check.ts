import { evaluateHere } from "../../connectors/shared/http/evaluated.ts"
import { openConfig, parseConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { UrlConfig, UrlTls } from "../../core/url-form.ts"
import { follow, probe, TEST_DEADLINE_MAX_MS, TEST_DEADLINE_MS } from "../../hub/probes/probe.ts"
import { Door } from "../../net/door.ts"
import { clearDriverEnvironment } from "../../net/environment.ts"
import { Policy } from "../../net/policy.ts"
import { parseDnsServers, parseHosts, Resolver } from "../../net/resolver.ts"
import { parseEgressRules } from "../../net/rules.ts"
import type { Cli } from "../cli.ts"
import { type Exit, usage } from "../failure.ts"
import { exitOfReport, stageLine, verdictLines } from "../report.ts"
import { readText, readValue } from "../secret-input.ts"
import { stopped } from "../terminal.ts"
import { readConnectionUrl } from "./connection-url.ts"

export interface CheckOptions {
  readonly secretFile?: string
  readonly timeout?: string
}

/**
 * The user of this command may reach every address that the machine can reach, except metadata services, which no rule can
 * allow.
 */
const EVERYWHERE = "0.0.0.0/0,::/0"

/** Hints by error code that name the URL's parameters; the general advice names fields. */
const hints = ({ off, require, ca }: UrlTls): Readonly<Partial<Record<string, string>>> => ({
  tls_unsupported: `On a network that you trust, add ?${off} to the URL.`,
  tls_untrusted: `Add ?${ca}=FILE with the CA's certificate, or ?${require} to encrypt without verifying the server.`,
  tls_name_mismatch: `Use the certificate's name in the URL, or ?${require} to encrypt without verifying the server.`,
})

/** Tests a system by its URL without a hub: with the same probe and the same egress checks, as an operator. */
export async function check(cli: Cli, text: string, options: CheckOptions): Promise<Exit> {
  const { shell, terminal } = cli
  const given = readConnectionUrl(text)
  const { connector } = given
  const config = await complete(cli, given, options)
  const door = openDoor(shell.env)
  clearDriverEnvironment(shell.env)
  const follower = follow(true, (stage) => {
    if (!terminal.json) void terminal.line(stageLine(terminal, stage))
  })
  const { operator: report } = await probe(door, connector, parsed(connector, config), {
    operator: true,
    deadlineMs: deadline(options.timeout),
    signal: shell.signal,
    onStages: follower.stages,
    services: () => ({ evaluate: evaluateHere }),
  })
  follower.end(report)
  if (shell.signal.aborted) throw stopped()
  if (terminal.json) await terminal.document(report)
  else for (const line of verdictLines(terminal, report, null)) await terminal.line(line)
  const hint = connector.url?.tls === undefined ? undefined : hints(connector.url.tls)[report.error?.code ?? ""]
  if (!terminal.json && hint !== undefined) await terminal.line(terminal.dim(`→ ${hint}`))
  return exitOfReport(report)
}

/** Adds the values that the URL does not contain: the password, and the text of the CA's file. */
async function complete({ shell, terminal }: Cli, given: UrlConfig, options: CheckOptions): Promise<Readonly<Record<string, unknown>>> {
  const ca = given.caFile === undefined ? undefined : await readText(given.caFile, "the CA's certificate")
  const tls = ca === undefined ? given.config : { ...given.config, tls: { kind: "verify", ca } }
  if (given.lacks === undefined) {
    if (options.secretFile !== undefined) throw usage("The URL has a password, and --secret-file is also given.", "Use only one of them.")
    return tls
  }
  const password = await passwordFrom()
  return password === undefined ? tls : placed(tls, given.lacks.slice(1).split("/"), password)

  async function passwordFrom(): Promise<string | undefined> {
    if (options.secretFile !== undefined) return readValue(shell, options.secretFile, "--secret-file")
    const variable = shell.env["JACKFIELD_CHECK_PASSWORD"]
    if (variable !== undefined && variable !== "") return variable
    return terminal.interactive ? (await terminal.askSecret("Password (may be empty):")) || undefined : undefined
  }
}

/** The config with a value at a path. */
const placed = (config: Readonly<Record<string, unknown>>, [name = "", ...rest]: readonly string[], value: string): Readonly<Record<string, unknown>> => ({
  ...config,
  [name]: rest.length === 0 ? value : placed((config[name] ?? {}) as Readonly<Record<string, unknown>>, rest, value),
})

/** The parsed config; throws `config_invalid` with all invalid and missing values at once. */
function parsed(connector: AnyConnector, config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { plain, secrets, faults, missing } = parseConfig(connector.fields, config)
  const all = [...faults, ...missing]
  if (all.length > 0)
    throw new PlatformError("config_invalid", all.length === 1 ? (all[0]?.message ?? "") : `${all.length} values are invalid or missing in the URL.`, {
      faults: all,
    })
  const values = new Map([...secrets].flatMap(([pointer, change]) => (change === "keep" ? [] : [[pointer, change.value] as const])))
  return openConfig(connector.fields, plain, values)
}

function openDoor(env: Readonly<Record<string, string | undefined>>): Door {
  const [dns, hosts] = [env["JACKFIELD_DNS"] || undefined, env["JACKFIELD_HOSTS"] || undefined]
  const resolver = new Resolver({
    ...(dns === undefined ? {} : { servers: parseDnsServers(dns) }),
    ...(hosts === undefined ? {} : { hosts: parseHosts(hosts) }),
  })
  return new Door({ policy: new Policy({ fixed: parseEgressRules(EVERYWHERE) }), resolver })
}

function deadline(seconds: string | undefined): number {
  if (seconds === undefined) return TEST_DEADLINE_MS
  const ms = Number(seconds) * 1_000
  if (!(ms >= 100 && ms <= TEST_DEADLINE_MAX_MS)) throw usage("--timeout must be between 0.1 and 30 seconds.")
  return ms
}
