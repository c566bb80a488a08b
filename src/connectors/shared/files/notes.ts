/** What differs between the stores of files, in the words of a sentence. */
interface StoreWords {
  /** By what a replaced file is noticed: "its ETag". */
  readonly version: string
  /** How a file of more than 16 MiB is sent: "in parts". */
  readonly large: string
}

/** Text for the pages of object stores, on their streams, reads and writes. */
export const objectStoreNotes = ({ version, large }: StoreWords): string => `
Each file is a stream, or with the field Streams each folder: then the files of a folder are read in the order of their names, with the columns of all of them, and subfolders
such as \`dt=2026-11-01\` become columns. Discovery lists the files in flat memory and opens up to 20 files of each stream; it reports how many it did not open.

A read resumes at a file and a position in it, and fails if the file has been replaced since, according to ${version}. A large uncompressed file, and the files of a folder, can be
read in slices.

Writes: rows are appended to a folder as new files. Each file is stored completely or not at all, and its name contains the commit token, so that a repeated write stores nothing twice.
A file of more than 16 MiB is sent ${large}.
`
