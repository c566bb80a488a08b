import { type Kysely, sql } from "kysely"

/**
 * `login_attempts` counts failed logins by e-mail (its SHA-256, because users type passwords there by mistake) and
 * source address, for all nodes; `succeeded_at` marks an address that the user has logged in from.
 */
const TABLES = `
alter table jackfield.sessions add column address text, add column agent text;
alter table jackfield.users add column last_login_at timestamptz;
create table jackfield.login_attempts (
  email bytea not null,
  address text not null,
  failures integer not null default 0,
  since timestamptz not null default clock_timestamp(),
  succeeded_at timestamptz,
  primary key (email, address)
);
create index login_attempts_address on jackfield.login_attempts (address, since);
create index login_attempts_since on jackfield.login_attempts (since);
`

/**
 * Counts an attempt as failed before it is judged, so that parallel guesses count too; returns 0, or the seconds to
 * wait, and then the attempt is not counted. Each attempt, refused ones included, deletes up to a hundred expired
 * rows, so that endless attempts do not fill the table. A user who has logged in from that address within 30 days is
 * not delayed by the failures of others.
 */
const ATTEMPT = `
create function jackfield.login_attempt(given bytea, source text, pair_most integer, email_most integer, address_most integer, span interval)
returns integer language plpgsql volatile set search_path = '' as $$
declare
  clock timestamptz;
  mine jackfield.login_attempts;
  until_then timestamptz;
begin
  insert into jackfield.login_attempts (email, address) values (given, source) on conflict do nothing;
  select * into strict mine from jackfield.login_attempts l where l.email = given and l.address = source for update;
  clock := clock_timestamp();
  if mine.since <= clock - span then
    mine.failures := 0;
    mine.since := clock;
  end if;
  if mine.failures >= pair_most then
    until_then := mine.since + span;
  elsif mine.succeeded_at is null or mine.succeeded_at < clock - interval '30 days' then
    select max(l.since) + span into until_then from jackfield.login_attempts l where l.email = given and l.since > clock - span
      having sum(l.failures) >= email_most;
    if until_then is null then
      select max(l.since) + span into until_then from jackfield.login_attempts l where l.address = source and l.since > clock - span
        having sum(l.failures) >= address_most;
    end if;
  end if;
  if until_then is null then
    update jackfield.login_attempts l set failures = mine.failures + 1, since = mine.since where l.email = given and l.address = source;
  end if;
  delete from jackfield.login_attempts l where (l.email, l.address) in (
    select o.email, o.address from jackfield.login_attempts o
    where o.since < clock - span and (o.succeeded_at is null or o.succeeded_at < clock - interval '90 days') limit 100 for update skip locked);
  return case when until_then is null then 0 else greatest(1, ceil(extract(epoch from until_then - clock)))::integer end;
end
$$;
`

/** The origin of sessions, the last login of users, and failed logins counted by all nodes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES + ATTEMPT).execute(db)
}
