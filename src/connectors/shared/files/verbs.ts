import type { Connector } from "../../../core/connector.ts"
import type { Fields } from "../../../core/fields.ts"
import type { FileClient } from "./open-file.ts"
import { offers, readBytes } from "./verbs/bytes.ts"
import { discover } from "./verbs/discover.ts"
import { facts } from "./verbs/facts.ts"
import { read } from "./verbs/read.ts"
import { slices } from "./verbs/slices.ts"
import { committed, write } from "./verbs/write.ts"

type Verbs<Client> = Connector<Fields, Client>

/** The reading verbs of a type whose client has a file store and formats. */
export const fileVerbs = <Client extends FileClient>(product: string) =>
  ({
    test: (client, call) => facts(client, product, call),
    discover,
    read,
    slices: (client, from, _plan, most, call) => slices(client, from, most, call),
    offers,
    readBytes,
  }) satisfies Partial<Verbs<Client>>

/** The writing verbs, for a type whose store takes files. */
export const fileWriteVerbs = <Client extends FileClient>() => ({ commits: "name", write, committed }) satisfies Partial<Verbs<Client>>
