import { type Kysely, sql } from "kysely"

/**
 * `limiter_rates` counts the starts granted to a connector, in the order of their times; an entry of `limiter_starts`
 * is a run of them (`first` to `upto`) that count as started at `at`. `limiter_slots` are the calls that may be open:
 * held ones, and those that wait in the order of `position`; a slot that its process does not renew expires.
 */
const TABLES = `
create table jackfield.limiter_rates (
  connector_id uuid primary key,
  workspace_id uuid not null,
  granted bigint not null default 0,
  began timestamptz not null default '-infinity',
  latest timestamptz not null default '-infinity',
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create table jackfield.limiter_starts (
  workspace_id uuid not null,
  connector_id uuid not null,
  first bigint not null,
  upto bigint not null,
  at timestamptz not null,
  primary key (connector_id, upto),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create table jackfield.limiter_slots (
  id uuid primary key,
  workspace_id uuid not null,
  connector_id uuid not null,
  position bigint generated always as identity,
  held boolean not null default false,
  expires_at timestamptz not null,
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create index limiter_slots_queue on jackfield.limiter_slots (connector_id, position);
`

/**
 * Grants starts, one for each waiter whose budget (ms) covers the delay until its start time; times are epoch
 * milliseconds. For every rate, the n-th start comes at least one window after the (n - requests)-th, so no window
 * ever contains more starts than the rate allows. Starts less than a thousandth of the window apart share an entry,
 * under the later time.
 */
const TAKE_STARTS = `
create function jackfield.limiter_take_starts(workspace uuid, connector uuid, requests bigint[], windows double precision[], budgets double precision[])
returns table (granted boolean, delay_ms double precision, at_ms double precision, clock_ms double precision, place bigint)
language plpgsql volatile set search_path = '' as $$
declare
  state jackfield.limiter_rates;
  clock timestamptz;
  start_at timestamptz;
  before jackfield.limiter_starts;
  budget double precision;
  delay double precision;
  longest double precision := (select max(w) from unnest(windows) w);
  grain interval := make_interval(secs => (select min(w) from unnest(windows) w) / 1e6);
begin
  insert into jackfield.limiter_rates (connector_id, workspace_id) values (connector, workspace) on conflict do nothing;
  select * into strict state from jackfield.limiter_rates r where r.connector_id = connector for update;
  clock := clock_timestamp();
  delete from jackfield.limiter_starts s where s.connector_id = connector and s.at < clock - make_interval(secs => longest / 1e3) and s.upto < state.granted;
  foreach budget in array budgets loop
    start_at := greatest(clock, state.latest);
    for i in 1 .. cardinality(requests) loop
      select * into before from jackfield.limiter_starts s
        where s.connector_id = connector and s.upto > state.granted - requests[i] order by s.upto limit 1;
      if found and before.first <= state.granted + 1 - requests[i] then
        start_at := greatest(start_at, before.at + make_interval(secs => windows[i] / 1e3));
      end if;
    end loop;
    delay := extract(epoch from start_at - clock) * 1e3;
    if delay <= budget then
      if start_at - state.began < grain then
        update jackfield.limiter_starts s set upto = state.granted + 1, at = start_at where s.connector_id = connector and s.upto = state.granted;
      else
        insert into jackfield.limiter_starts (workspace_id, connector_id, first, upto, at)
          values (workspace, connector, state.granted + 1, state.granted + 1, start_at);
        state.began := start_at;
      end if;
      state.granted := state.granted + 1;
      state.latest := start_at;
    end if;
    return query select delay <= budget, delay, extract(epoch from start_at)::double precision * 1e3, extract(epoch from clock)::double precision * 1e3, state.granted;
  end loop;
  update jackfield.limiter_rates r set granted = state.granted, began = state.began, latest = state.latest where r.connector_id = connector;
end
$$;
`

/**
 * One exchange about the slots of a connector: releases `done`, renews `mine`, queues or keeps `asked`, gives free
 * slots to those that have waited longest, and returns the ids of `mine` and `asked` that are now held. A waiter
 * expires sooner than a holder.
 */
const EXCHANGE_SLOTS = `
create function jackfield.limiter_exchange_slots(
  workspace uuid, connector uuid, most integer, mine uuid[], asked uuid[], done uuid[], held_ms double precision, asked_ms double precision)
returns setof uuid
language plpgsql volatile set search_path = '' as $$
declare
  clock timestamptz;
begin
  insert into jackfield.limiter_rates (connector_id, workspace_id) values (connector, workspace) on conflict do nothing;
  perform from jackfield.limiter_rates r where r.connector_id = connector for update;
  clock := clock_timestamp();
  delete from jackfield.limiter_slots s where s.connector_id = connector and (s.expires_at < clock or s.id = any (done));
  update jackfield.limiter_slots s set expires_at = clock + make_interval(secs => held_ms / 1e3)
    where s.connector_id = connector and s.held and (s.id = any (mine) or s.id = any (asked));
  update jackfield.limiter_slots s set expires_at = clock + make_interval(secs => asked_ms / 1e3)
    where s.connector_id = connector and not s.held and s.id = any (asked);
  insert into jackfield.limiter_slots (id, workspace_id, connector_id, expires_at)
    select a, workspace, connector, clock + make_interval(secs => asked_ms / 1e3) from unnest(asked) a
    on conflict do nothing;
  update jackfield.limiter_slots s
    set held = true, expires_at = case when s.id = any (asked) then clock + make_interval(secs => held_ms / 1e3) else s.expires_at end
    where s.id in (
      select w.id from jackfield.limiter_slots w where w.connector_id = connector and not w.held order by w.position
      limit greatest(0, most - (select count(*) from jackfield.limiter_slots h where h.connector_id = connector and h.held)));
  return query select s.id from jackfield.limiter_slots s where s.connector_id = connector and s.held and (s.id = any (mine) or s.id = any (asked));
end
$$;
`

const secured = (table: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/** The limiter's memory. Both functions run as the caller, so that row-level security applies to them too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const tables = ["limiter_rates", "limiter_starts", "limiter_slots"].map(secured)
  await sql.raw([TABLES, ...tables, TAKE_STARTS, EXCHANGE_SLOTS].join("\n")).execute(db)
}
