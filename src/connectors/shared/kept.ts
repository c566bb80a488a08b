/** Gets something once and keeps it for later callers; a failure is not kept. */
export function kept<A extends readonly unknown[], T>(get: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let first: Promise<T> | undefined
  return async (...args) => {
    const current = first ?? get(...args)
    first = current
    return await current.catch((error: unknown) => {
      if (first === current) first = undefined
      throw error
    })
  }
}
