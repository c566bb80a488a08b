const begun = performance.now()

/** A global set-up of vitest: prints, at the end of a run, how long it took. */
export default function printTime(): () => void {
  return () => {
    const seconds = Math.round((performance.now() - begun) / 1_000)
    console.log(`The tests took ${Math.floor(seconds / 60)} min ${seconds % 60} s.`)
  }
}
