/** The groups of operations, in the order of the docs. */
export const TAGS = {
  connectors: "Systems that the workspace has registered: create, list, change, delete and test them.",
  "connector types": "The kinds of system that a connector can connect to, and the fields that each kind needs.",
  credentials: "The current, next and previous credentials of a connector: rotate them without a gap.",
  versions: "Every change of a connector: list the versions, show one, and restore one.",
  catalogs: "The streams (tables, files, resources) of a connector, with columns and keys, by version.",
  queries: "Read-only statements and previews.",
  calls: "Single requests through a connector to an HTTP API.",
  checks: "Scheduled tests of connectors, and their history.",
  webhooks: "URLs that receive the events of the workspace.",
  uploads: "Files that connectors read.",
  sessions: "Logging in and out, and the caller's own account.",
  users: "The people of a workspace.",
  keys: "API keys.",
  workspaces: "Workspaces and their limits.",
  audit: "The record of every action and its actor: append-only and hash-chained.",
  egress: "Private addresses that connectors may reach.",
  health: "The hub itself: alive, ready, metrics, and this description.",
} as const

export type Tag = keyof typeof TAGS
