import accepts from "@fastify/accepts"
import type { FastifyInstance } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { AnySpec, MediaType } from "./operation.ts"

export type AnswerType = "application/json" | MediaType

declare module "fastify" {
  interface FastifyContextConfig {
    /** The media types of the answer, the preferred one first; absent: `Accept` is not looked at. */
    offers?: readonly AnswerType[]
  }
  interface FastifyRequest {
    /** The media type that the answer will have. */
    answerType: AnswerType
  }
}

/** The media types that an operation can answer with, the preferred one first. */
export const offersOf = ({ answer, media = {} }: AnySpec): readonly AnswerType[] => [
  ...(answer === undefined ? [] : ["application/json" as const]),
  ...(Object.keys(media) as MediaType[]),
]

/**
 * Chooses the media type of each answer by `Accept` (RFC 9110, section 12.5.1): the highest quality wins, `q=0` rules a
 * type out, and a request that accepts none of the types is refused (406) before anything is done.
 */
export async function useAccept(scope: FastifyInstance): Promise<void> {
  await scope.register(accepts)
  scope.decorateRequest("answerType", "application/json")
  scope.addHook("onRequest", async (request) => {
    const { offers = [] } = request.routeOptions.config
    const [preferred] = offers
    if (preferred === undefined) return
    request.answerType = preferred
    if ((request.headers.accept ?? "").trim() === "") return
    // A caller may name the charset, which is always UTF-8.
    const found = request.type(offers.flatMap((type) => [type, `${type}; charset=utf-8`]))
    const chosen = typeof found === "string" ? offers.find((type) => found.split(";", 1)[0] === type) : undefined
    if (chosen === undefined) throw notAcceptable(offers)
    request.answerType = chosen
  })
}

function notAcceptable(offers: readonly AnswerType[]): PlatformError {
  const message = `must allow ${offers.join(" or ")}, the only ${offers.length === 1 ? "form" : "forms"} of this answer.`
  return new PlatformError("not_acceptable", `The Accept header ${message}`, { faults: [{ pointer: "/headers/accept", message }] })
}
