import { breathe } from "./breathe.ts"
import { EncodedRecords } from "./encoded-records.ts"

/** Bytes that are looked at in a row before others are served. */
const PART = 1_048_576
const [QUOTE, BACKSLASH] = [34, 92]
/** Texts that JSON may hold outside of its strings too. */
const NO_TEXT = /^[-+.:,[\]{}0-9eEaflnrstu]*$/

/** The records without those texts in their strings and names, and in how many places `mask` stands instead. */
export async function hiddenInRecords(
  records: EncodedRecords,
  texts: Iterable<string>,
  mask: string,
): Promise<{ readonly value: EncodedRecords; readonly hidden: number }> {
  let { bytes } = records
  let hidden = 0
  for (const text of texts) {
    const needle = Buffer.from(JSON.stringify(text).slice(1, -1))
    const all = await placesOf(bytes, needle)
    const places = all.length > 0 && NO_TEXT.test(text) ? await insideStrings(bytes, all) : all
    if (places.length === 0) continue
    hidden += places.length
    bytes = replaced(bytes, places, needle.length, Buffer.from(mask))
  }
  return { value: hidden === 0 ? records : new EncodedRecords(records.form, bytes, records.length, records.single), hidden }
}

async function placesOf(bytes: Buffer, needle: Buffer): Promise<number[]> {
  const places: number[] = []
  for (let part = 0; part < bytes.length; part += PART) {
    const end = Math.min(bytes.length, part + PART + needle.length - 1)
    // What begins in the next part, or overlaps the match before, is not one of this part's.
    let from = Math.max(part, (places.at(-1) ?? -needle.length) + needle.length)
    for (let at = bytes.subarray(0, end).indexOf(needle, from); at >= 0 && at < part + PART; at = bytes.subarray(0, end).indexOf(needle, from)) {
      places.push(at)
      from = at + needle.length
    }
    if (end < bytes.length) await breathe()
  }
  return places
}

/** Those of the places, in their order, that lie inside a string. */
async function insideStrings(bytes: Buffer, places: readonly number[]): Promise<number[]> {
  const inside: number[] = []
  let [open, at] = [false, 0]
  let next = PART
  for (const place of places) {
    for (; at < place; at++) {
      if (open && bytes[at] === BACKSLASH) at++
      else if (bytes[at] === QUOTE) open = !open
      if (at >= next) {
        next = at + PART
        await breathe()
      }
    }
    if (open) inside.push(place)
  }
  return inside
}

function replaced(bytes: Buffer, places: readonly number[], length: number, mask: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = 0
  for (const place of places) {
    parts.push(bytes.subarray(at, place), mask)
    at = place + length
  }
  return Buffer.concat([...parts, bytes.subarray(at)])
}
