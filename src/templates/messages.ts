import type { TemplatePlace } from "../core/call.ts"

/** The time limit of one rendering, in milliseconds, from when a worker begins with it. */
export const RENDER_MS = 200

/** The pool's message to a worker: one template to fill. */
export interface Work {
  readonly template: string
  readonly values: Readonly<Record<string, unknown>>
  readonly most: number
  readonly place: TemplatePlace
}

/** The worker's message to the pool; `"ready"` once, before all others. */
export type Done = "ready" | { readonly text: string } | { readonly fault: string }
