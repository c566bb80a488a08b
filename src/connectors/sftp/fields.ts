import { text } from "../../core/fields.ts"
import { fileFields } from "../shared/files/fields.ts"
import { sshFields, tunnelField } from "../shared/ssh.ts"

function folderFault(folder: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the check refuses control characters.
  if (/[\u0000-\u001f\u007f]/.test(folder)) return "must not contain control characters."
  return folder.split("/").includes("..") ? "must not contain .. as a part." : undefined
}

export const fields = {
  ...sshFields,
  folder: text("Folder", {
    default: "",
    maxLength: 1_024,
    check: folderFault,
    example: "/data/exports",
    help: "The folder with the files; nothing outside it is read or written. A path without a leading slash is relative to the folder in which the login starts.",
  }),
  ...fileFields,
  tunnel: tunnelField,
}
