-- a partitioned table made from a plain one by a function, by its parts
-- @@ a client=script
create table log (id bigint not null, at date not null, kind text, primary key (id, at));
create index log_kind on log (kind);
create function to_parts(t text) returns void language plpgsql as $f$ declare m int; begin
execute format('alter table %I rename to %I', t, t || '_old');
execute format('create table %I (like %I including defaults) partition by range (at)', t, t || '_old');
for m in 1..3 loop execute format('create table %I partition of %I for values from (%L) to (%L)', t || '_' || m, t, make_date(2025, m, 1), make_date(2025, m + 1, 1)); end loop;
execute format('insert into %I select * from %I', t, t || '_old');
execute format('drop table %I', t || '_old');
execute format('alter table %I add primary key (id, at)', t);
end $f$;
-- @@ b client=script
select to_parts('log');
-- @@ c client=script
create index log_kind on log (kind);
alter table log add column scope text;
-- @@ d client=script
create table other (id int);
