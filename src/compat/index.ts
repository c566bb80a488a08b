import type { Mount } from "../api/mount.ts"
import { aisquared } from "./aisquared/routes.ts"
import { databar } from "./databar/routes.ts"
import { databrain } from "./databrain/routes.ts"
import { kaireon } from "./kaireon/routes.ts"

/** The APIs of other products that this hub serves, each under its own path. */
export const compatibleApis: readonly Mount[] = [aisquared, databar, kaireon, databrain]
