-- @strict
-- range types and their multiranges are renamed by texts; each is one object
-- @@ a client=script
create function tdiff(a time, b time) returns double precision language sql immutable as $$ select extract(epoch from (a - b)) $$;
create type timerange as range (subtype = time, subtype_diff = tdiff);
create type floats as range (subtype = float8, multirange_type_name = "Many Floats");
create table shift (id int primary key, t timerange not null, ts timemultirange, f "Many Floats");
-- @@ b client=script
create index shift_t on shift using gist (t);
alter table shift add constraint no_overlap exclude using gist (t with &&) where (id > 10);
-- @@ c client=script
alter type timerange rename to clock_range;
alter type timemultirange rename to clock_ranges;
create function len(clock_range) returns interval language sql immutable as $$ select upper($1) - lower($1) $$;
-- @@ d client=script
create view lens as select id, len(t) as l, range_merge(ts) as m from shift;
alter table shift add column more clock_ranges default '{}';
