import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"
import { isCounted } from "./paging-counted.ts"
import type { Paging } from "./paging-fields.ts"
import type { Place } from "./paging-place.ts"

/**
 * The answer that ends a list whose page at `place` failed: a 404 behind the last page that the hub counted to, if `first` still gets the first page.
 * Any other failure is thrown again.
 */
export async function endAfter(
  failure: unknown,
  paging: Paging,
  place: Place | undefined,
  first: () => Promise<HttpAnswer>,
  call: HttpCall,
): Promise<HttpAnswer> {
  const past = isCounted(paging) && place !== undefined && failure instanceof PlatformError && failure.code === "stream_not_found"
  if (!past || failure.details["status"] !== 404) throw failure
  await call.turn?.("404")
  const { url } = await first()
  return { status: 404, headers: {}, body: Buffer.alloc(0), url }
}
