import { expect, test } from "vitest"
import { sftpUrl } from "./url.ts"

const KEY = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1Vfhf+U"

test("a URL gives host, port, login, folder and host key", () => {
  expect(sftpUrl.read(new URL(`sftp://ann:p%40ss@[::1]:2222/data/a%20b?hostkey=${KEY}`))).toEqual({
    config: { host: "::1", port: 2222, user: "ann", auth: { kind: "password", password: "p@ss" }, folder: "/data/a b", hostKey: KEY },
  })
  expect(sftpUrl.read(new URL("sftp://ann@files.example.com/~/exports"))).toEqual({
    config: { host: "files.example.com", user: "ann", auth: { kind: "password" }, folder: "exports" },
    lacks: "/auth/password",
  })
})

test("a parameter or part that is not known is refused", () => {
  expect(sftpUrl.read(new URL("sftp://h/?mode=x"))).toMatchObject({ fault: 'has the parameter "mode", which is not known' })
  expect(sftpUrl.read(new URL("sftp://h/a#b"))).toMatchObject({ fault: "has a part after #" })
  expect(sftpUrl.read(new URL("sftp://h/%zz"))).toMatchObject({ fault: expect.stringMatching(/percent sign/) })
})
