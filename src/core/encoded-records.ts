/**
 * Records that are encoded as JSON already, so that the process which serves everybody need not parse them again. The
 * form `list` separates them by commas, and `lines` ends each with a newline and gives names of the stream's own lines
 * one more `$`. In the form `ordered`, each line is a list of the value that the record is ordered by, and the record.
 */
export class EncodedRecords {
  readonly form: "list" | "lines" | "ordered"
  /** UTF-8. */
  readonly bytes: Buffer
  /** The number of records. */
  readonly length: number
  /** The answer was one record, not a list of one. */
  readonly single: boolean

  constructor(form: EncodedRecords["form"], bytes: Uint8Array, length: number, single: boolean) {
    this.form = form
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.length = length
    this.single = single
  }
}
