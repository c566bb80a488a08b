import { beforeAll, beforeEach } from "vitest"
import { mysql } from "../../src/connectors/mysql.ts"
import type { Session } from "../../src/core/session.ts"
import type { Stream } from "../../src/core/streams.ts"
import { withSession } from "../conformance/context.ts"
import { table } from "../fixtures/tables.ts"
import { use } from "../support/use.ts"
import { type MariaDb, mariadb } from "./mariadb.ts"

/** A user of few rights, as SQL names it. */
export const LOW = "'low'@'127.0.0.1'"

/** A shop in a MariaDB of the file's own, and sessions of its user of few rights. */
export interface Shop extends Omit<MariaDb, "port"> {
  /** Its user of few rights, without TLS. */
  readonly config: { readonly port: number }
  run<T>(work: (session: Session) => Promise<T>, more?: object, options?: object): Promise<T>
}

/** Starts the server for this file, and makes the shop anew before each test. */
export function useShop(of: typeof mariadb = mariadb): Shop {
  const server = use(() => of.start())
  beforeAll(async () => {
    await server.query(`CREATE OR REPLACE USER ${LOW} IDENTIFIED BY 'low-password'`)
  })
  beforeEach(async () => {
    await server.query(SEED)
  })
  const config = (more: object) => ({ host: "127.0.0.1", port: server.port, user: "low", password: "low-password", tls: { kind: "off" }, ...more })
  return {
    get ca() {
      return server.ca
    },
    get user() {
      return server.user
    },
    get password() {
      return server.password
    },
    get config() {
      return config({})
    },
    query: (sql) => server.query(sql),
    run: (work, more = {}, options = {}) => withSession({ connector: mysql }, config(more), work, options),
  }
}

/** A table of which nothing is known but its path. */
export const stream = (...path: string[]): Stream => table(path, [], [])

const SEED = `
    DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS locked; DROP DATABASE IF EXISTS elsewhere;
    CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; CREATE DATABASE locked; CREATE DATABASE elsewhere;
    USE shop;
    CREATE TABLE item (id int PRIMARY KEY, name varchar(20) NOT NULL, stock int CHECK (stock >= 0), maker int, code varchar(9) UNIQUE) COMMENT 'What we sell';
    INSERT INTO item VALUES (1, 'one', 1, NULL, 'c1');
    CREATE TABLE \`we\`\`ird.name\` (\`co"l\` int PRIMARY KEY); INSERT INTO \`we\`\`ird.name\` VALUES (7);
    CREATE TABLE nokey (v text); INSERT INTO nokey VALUES ('a'), ('b');
    CREATE TABLE partly (id int PRIMARY KEY, open text, closed text);
    CREATE TABLE only_insert (id int);
    CREATE TABLE invisible (id int);
    CREATE TABLE gone (id int); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone;
    CREATE VIEW items AS SELECT * FROM item;
    CREATE SEQUENCE numbers;
    CREATE TABLE elsewhere.other (id int PRIMARY KEY);
    GRANT ALL ON shop.item TO ${LOW}; GRANT ALL ON shop.nokey TO ${LOW}; GRANT ALL ON shop.\`we\`\`ird.name\` TO ${LOW};
    GRANT SELECT (id, open) ON shop.partly TO ${LOW}; GRANT INSERT ON shop.only_insert TO ${LOW}; GRANT SELECT ON shop.items TO ${LOW};
    GRANT SELECT ON shop.broken TO ${LOW}; GRANT SELECT ON elsewhere.* TO ${LOW}; GRANT CREATE ROUTINE, EXECUTE ON shop.* TO ${LOW}`
