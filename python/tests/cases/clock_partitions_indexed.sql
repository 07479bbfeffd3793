-- @noextra
-- a function makes the partition of the month it is called in, called by two migrations; an index by the row
-- @@ a client=script
create table ev (at date not null, n int) partition by range (at);
create function make_part(d date) returns void language plpgsql as $$
begin
    execute format('create table %I partition of ev for values from (%L) to (%L)',
        'ev_' || to_char(d, 'YYYY_MM'), date_trunc('month', d)::date, (date_trunc('month', d) + interval '1 month')::date);
end $$;
-- @@ b client=script
select make_part(current_date);
-- @@ c client=script
create index ev_n on ev (n);
select make_part((current_date + interval '40 days')::date);
-- @@ build
-- @@ d client=script
alter table ev add column m text;
