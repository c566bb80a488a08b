import type { TemplatePlace } from "../core/call.ts"

/** Milliseconds that one rendering may take, from when a worker begins with it. */
export const RENDER_MS = 200

/** What the pool sends to a worker: one template to fill. */
export interface Work {
  readonly template: string
  readonly values: Readonly<Record<string, unknown>>
  readonly most: number
  readonly place: TemplatePlace
}

/** What the worker sends back; `"ready"` once, before all else. */
export type Done = "ready" | { readonly text: string } | { readonly fault: string }
