import { once } from "node:events"
import { createServer } from "node:net"
import { startTestDatabase } from "../test/support/embedded.ts"

/**
 * A throw-away PostgreSQL with a small shop in it, for a first session without a database at hand. Ctrl-C stops and
 * removes it.
 */
const PORT = 54329
const PASSWORD = "sample"
const SHOP = `
create table customers (id int primary key, name text not null, country text, since date not null);
create table orders (id bigint primary key, customer_id int not null references customers, total numeric(12,2) not null, paid boolean not null, placed_at timestamptz not null);
create table payroll (id int primary key, salary numeric(12,2));
create view unpaid as select id, customer_id, total from orders where not paid;
insert into customers select i, 'Customer ' || i, (array['DE','FR','NZ'])[1 + i % 3], date '2024-01-01' + i from generate_series(1, 200) i;
insert into orders select i, 1 + i % 200, round((i * 7.35)::numeric, 2), i % 5 <> 0, timestamptz '2026-01-01 08:00Z' + i * interval '37 minutes' from generate_series(1, 5000) i;
analyze;
create role reader login password '${PASSWORD}';
grant select on customers, orders, unpaid to reader;
`

const probe = createServer().listen(PORT, "127.0.0.1")
await once(probe, "listening").catch(() => {
  process.stderr.write(`sample-database: another process is already listening on 127.0.0.1:${PORT}, perhaps another sample database; stop it first.\n`)
  process.exit(1)
})
probe.close()

const server = await startTestDatabase({ port: PORT })
await server.query("create database shop")
await server.query(SHOP, [], "shop")
process.stdout.write(`A sample PostgreSQL listens on 127.0.0.1:${PORT}: database shop, user reader, password ${PASSWORD}. Ctrl-C stops it.\n`)

let stopping = false
// The same signal may arrive twice: from the terminal, and passed on by npm.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (stopping) return
    stopping = true
    void server.stop().then(() => process.exit(0))
  })
// Nothing else keeps this process alive, because the server runs on its own.
setInterval(() => undefined, 60_000)
