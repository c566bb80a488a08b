import type { Role } from "../../store/database.ts"

const RANK: Readonly<Record<Role, number>> = { viewer: 1, editor: 2, admin: 3 }

/** Whether a role includes the rights of `least`. */
export const atLeast = (role: Role, least: Role): boolean => RANK[role] >= RANK[least]
