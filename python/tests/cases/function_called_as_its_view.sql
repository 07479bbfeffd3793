-- a function is called as the view whose rows it returns; a view is called as the function that it reads
-- @strict
-- @@ a client=script
create table visit (id int primary key, at timestamptz not null);
create view visits_all as select date_trunc('month', at) as month, count(*) as n from visit group by 1;
create function visits_all(since timestamptz default null) returns setof visits_all language sql as
'select * from visits_all where month >= since or since is null';
-- @@ b client=script
create function open_visits() returns setof visit language sql as 'select * from visit';
create view open_visits as select id from open_visits();
-- @@ build
-- @@ c
comment on function visits_all(timestamptz) is 'by month';
create index visit_at on visit (at);
