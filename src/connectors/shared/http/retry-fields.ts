import { type Config, flag, integer, text } from "../../../core/fields.ts"
import { type HttpRetries, isIdempotent } from "./retry.ts"
import { statusesFault, statusesIn } from "./statuses.ts"

/** When a request is made again, where the config says it. */
export const retryFields = {
  retries: integer("Retries", {
    min: 0,
    max: 5,
    default: 2,
    help: "The number of retries after a retryable status or a broken connection, if the method may be repeated; Retry-After is respected.",
  }),
  retryStatuses: text("Statuses to retry", { check: statusesFault, default: "429, 502-504" }),
  repeatable: flag("POST and PATCH may be repeated", {
    help: "Choose this only if sending the same request twice does no harm. Otherwise a request is retried only if it was never sent.",
  }),
}

export const retriesBy = ({ retries, retryStatuses, repeatable }: Config<typeof retryFields>): HttpRetries => ({
  most: retries,
  statuses: statusesIn(retryStatuses),
  repeatable: (request) => repeatable || isIdempotent(request),
})
