-- @strict
-- a policy and a materialized view that texts make are altered by statements of their own: what was there before stays as it was
-- @@ a client=script
create table vault (id int primary key, who text, day date);
alter table vault enable row level security;
create policy own on vault for select using (who = current_user);
create index vault_who on vault (who);
-- @@ b client=script
do $$ begin
 create materialized view daily as select day, count(*) as n from vault group by day;
 create unique index daily_u on daily (day);
 create index daily_n on daily (n);
end $$;
-- @@ c
alter policy own on vault using (who = session_user);
alter table vault add column x int;
-- @@ d
alter materialized view daily rename column n to cnt;
create view top as select day from daily order by cnt desc;
-- @@ e
alter table vault add column y int;
