import type { Role } from "../../store/database.ts"

const RANK: Readonly<Record<Role, number>> = { viewer: 1, editor: 2, admin: 3 }

/** Whether a role may do what takes at least `least`. */
export const atLeast = (role: Role, least: Role): boolean => RANK[role] >= RANK[least]
