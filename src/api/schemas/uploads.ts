import Type from "typebox"
import { closed, Id, named, Time } from "./basics.ts"

export const Upload = named(
  "Upload",
  Type.Object({
    id: Id,
    name: Type.String(),
    bytes: Type.Integer({ minimum: 0 }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    createdAt: Time,
    usedBy: Type.Array(Type.String(), { description: "The names of the connectors that read it" }),
  }),
)
export const UploadQuery = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: "^[^/\\\\\\u0000-\\u001f\\u007f]+$",
      default: "upload",
      description: "The file's name, without a path or control characters",
    }),
  },
  closed,
)
