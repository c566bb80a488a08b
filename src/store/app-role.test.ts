import { expect, test } from "vitest"
import { scramVerifier } from "./app-role.ts"

// RFC 7677, section 3: user "user", password "pencil", this salt, 4096 rounds. The server signature in its exchange
// proves the keys.
test("a SCRAM verifier matches the example in RFC 7677", async () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")
  const verifier = scramVerifier("pencil", salt)
  const serverKey = Buffer.from(verifier.split(":").at(-1) ?? "", "base64")
  const exchange =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
  const { createHmac } = await import("node:crypto")
  expect(createHmac("sha256", serverKey).update(exchange).digest("base64")).toBe("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
  expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[\w+/]{43}=:[\w+/]{43}=$/)
})
