import { text } from "../../core/fields.ts"
import { fileFields } from "../shared/files/fields.ts"
import { sshFields, tunnelField } from "../shared/ssh.ts"

function folderFault(folder: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the check refuses control characters.
  if (/[\u0000-\u001f\u007f]/.test(folder)) return "must have no control characters."
  return folder.split("/").includes("..") ? "must not have .. as a part." : undefined
}

export const fields = {
  ...sshFields,
  folder: text("Folder", {
    default: "",
    maxLength: 1_024,
    check: folderFault,
    example: "/data/exports",
    help: "The folder that holds the files; nothing outside of it is reached. Empty, or without a slash at its beginning: from the folder in which the login begins.",
  }),
  ...fileFields,
  tunnel: tunnelField,
}
