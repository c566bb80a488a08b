import { choice, flag, integer, list, optional, text } from "../../core/fields.ts"
import { googleAuthField, impersonateField } from "../shared/google/auth.ts"
import { googleEndpointField } from "../shared/google/endpoints.ts"
import { tunnelField } from "../shared/ssh.ts"

/** The least that BigQuery bills a statement for which it bills anything. */
const LEAST_BYTES = 10_485_760

const fault = (form: RegExp, what: string) => (value: string) => (form.test(value) ? undefined : `must be ${what}.`)
const project = (title: string, help: string, standard?: string) =>
  text(title, {
    ...(standard === undefined ? {} : { default: standard }),
    maxLength: 100,
    check: fault(/^([a-z0-9.-]{1,60}:)?[a-z][a-z0-9-]{1,28}[a-z0-9]$/, "the id of a project, such as my-project-123"),
    example: "my-project-123",
    help,
  })
const label = (what: string) => fault(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u, `${what}: 63 letters in lower case, digits, underscores and hyphens at most`)

export const fields = {
  project: project("Project", "It pays for queries."),
  auth: googleAuthField,
  impersonate: impersonateField,
  dataProject: project("Project of the data", "For tables without one. Empty: the project that pays.", ""),
  dataset: text("Dataset", {
    default: "",
    maxLength: 1_024,
    check: fault(/^\w+$/, "the id of a dataset: letters, digits and underscores"),
    example: "analytics",
    help: "For tables without one. Empty: discovery lists every dataset.",
  }),
  location: text("Location", {
    default: "",
    maxLength: 60,
    check: fault(/^[A-Za-z0-9-]+$/, "a location such as EU or europe-west3"),
    example: "EU",
    help: "Where statements run. Empty: where their tables are.",
  }),
  maximumBytesBilled: optional(
    integer("Most bytes billed per statement", {
      min: LEAST_BYTES,
      max: Number.MAX_SAFE_INTEGER,
      help: "BigQuery refuses a statement that would be billed for more, and bills nothing for it. Empty: no limit.",
    }),
  ),
  priority: choice("Priority", ["interactive", "batch"], { default: "interactive", help: "Batch statements wait for free capacity." }),
  labels: list(
    "Labels of jobs",
    {
      name: text("Name", {
        maxLength: 63,
        check: fault(/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u, "a label's name: it begins with a letter in lower case"),
      }),
      value: text("Value", { default: "", maxLength: 63, check: label("a label's value") }),
    },
    { by: "name", max: 64, help: "They are on the bill, and in INFORMATION_SCHEMA.JOBS." },
  ),
  drive: flag("Tables over Google Drive", { help: "Asks for a token that reads files of Drive too, for tables over Google Sheets." }),
  endpoint: googleEndpointField,
  tunnel: tunnelField,
}
