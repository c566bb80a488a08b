import type { Role } from "../../store/database.ts"

/** `use` queries, reads, calls and tests, and changes nothing. */
const RANK: Readonly<Record<Role, number>> = { viewer: 1, use: 2, editor: 3, admin: 4 }

/** Whether a role includes the rights of `least`. */
export const atLeast = (role: Role, least: Role): boolean => RANK[role] >= RANK[least]
