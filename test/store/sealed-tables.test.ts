import { beforeAll, expect, test } from "vitest"
import { openStore } from "../../src/store/store.ts"
import { SEALED_TABLES } from "../../src/vault/sealed-tables.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { keepLog } from "./seed.ts"

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await (await openStore({ dataDir: "unused", databaseUrl: database.url, log: keepLog() })).close()
})

/** Tables with a column that only sealed values have, as the catalog has them, with the columns of their primary keys. */
const fromTheCatalog = async () =>
  await database.query(
    `select c.relname as name, bool_or(a.attname = 'fingerprint') as fingerprint,
       bool_or(a.attname = 'ciphertext') as ciphertext, bool_or(a.attname = 'data_key_id') as data_key,
       (select array_agg(k.attname::text order by array_position(i.indkey::int2[], k.attnum))
        from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary) as key,
       exists (select from pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and f.confrelid = 'jackfield.data_keys'::regclass
         and f.confdeltype in ('a', 'r')) as guarded
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'jackfield'::regnamespace and c.relkind in ('r', 'p')
     group by c.oid, c.relname having bool_or(a.attname in ('ciphertext', 'data_key_id')) order by 1`,
  )

test("every table of the schema with sealed values is walked by rotation and proof, and no other", async () => {
  const walked = SEALED_TABLES.map(({ name, key, fingerprint }) => ({ name, key: [...key], fingerprint }))
  const found = (await fromTheCatalog()).map((row) => ({ name: row["name"], key: row["key"], fingerprint: row["fingerprint"] }))
  expect(walked.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(found)
})

test("each of them has both columns, and a foreign key by which the database itself refuses to lose a key in use", async () => {
  for (const row of await fromTheCatalog()) expect(row, String(row["name"])).toMatchObject({ ciphertext: true, data_key: true, guarded: true })
})

test("columns that say what a value is bound to exist", async () => {
  for (const { name, bound = {} } of SEALED_TABLES)
    for (const column of Object.values(bound))
      expect(
        await database.query("select from information_schema.columns where table_schema = 'jackfield' and table_name = $1 and column_name = $2", [
          name,
          column,
        ]),
        `${name}.${column}`,
      ).toHaveLength(1)
})
