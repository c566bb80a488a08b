import type { Call } from "../../../../core/call.ts"
import type { WriteRights } from "../writer.ts"
import type { PgClient } from "./client.ts"

/** What a role lacks for a write, as GRANT lists it; by the server's own functions, so that no message has to be understood. */
const LACKING = `
  WITH r AS (SELECT c.oid, n.oid AS schema, format('%I.%I', n.nspname, c.relname) AS name, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2),
  used AS (SELECT d.refclassid, d.refobjid FROM r JOIN pg_attrdef ad ON ad.adrelid = r.oid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = ad.adnum
      JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid
    WHERE a.attname <> ALL ($3::text[]) OR a.attgenerated <> ''
    UNION SELECT d.refclassid, d.refobjid FROM r JOIN pg_constraint k ON k.conrelid = r.oid JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid)
  SELECT 1, format('USAGE ON SCHEMA %I', nspname) FROM r WHERE NOT has_schema_privilege(schema, 'USAGE')
  UNION ALL SELECT 2, CASE WHEN partly THEN format('%s (%s) ON %s', asked, missing, name) ELSE format('%s ON %s', asked, name) END
    FROM (SELECT r.name, asked, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE NOT has_column_privilege(r.oid, a.attnum, asked)) AS missing,
        bool_or(has_column_privilege(r.oid, a.attnum, asked)) AS partly
      FROM r CROSS JOIN unnest($4::text[]) asked JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($3::text[])
      WHERE asked <> 'DELETE' AND NOT has_table_privilege(r.oid, asked) GROUP BY r.name, asked) columns WHERE missing IS NOT NULL
  UNION ALL SELECT 3, format('DELETE ON %s', name) FROM r WHERE 'DELETE' = ANY ($4::text[]) AND NOT has_table_privilege(oid, 'DELETE')
  UNION ALL SELECT 4, format('TEMPORARY ON DATABASE %I', current_database()) WHERE $5 AND NOT has_database_privilege(current_database(), 'TEMPORARY')
  UNION ALL SELECT 5, format('USAGE ON SEQUENCE %I.%I', n.nspname, s.relname) FROM used JOIN pg_class s ON s.oid = used.refobjid JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE used.refclassid = 'pg_class'::regclass AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END
  UNION ALL SELECT 6, format('EXECUTE ON FUNCTION %s', p.oid::regprocedure) FROM used JOIN pg_proc p ON p.oid = used.refobjid
    WHERE used.refclassid = 'pg_proc'::regclass AND NOT has_function_privilege(p.oid, 'EXECUTE')
  ORDER BY 1, 2`

/** The rights that the role lacks on the target, on the sequences and functions of its defaults and checks, and for an upsert's temporary table. */
export async function lackingPg({ wire }: PgClient, { path, columns, rights, mode }: WriteRights, call: Call): Promise<readonly string[]> {
  const list = (names: readonly string[]): string => `{${names.map((name) => `"${name.replace(/["\\]/g, "\\$&")}"`).join(",")}}`
  const { rows } = await wire.run(LACKING, [path[0] ?? null, path[1] ?? null, list(columns), list(rights), String(mode === "upsert")], call)
  return rows.map(([, grant]) => String(grant))
}
