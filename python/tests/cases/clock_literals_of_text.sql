-- a literal that is cast to a text asks the clock each time that a row is made, not when the table is
-- @strict
-- @after select count(*) = 4 and bool_and(fidelity = 'exact') from pggit_audit.changes where origin = 'v1'
-- @@ a
create table visit (
  day date default date('now'::text),
  at timestamp without time zone default ('now'::text)::timestamp(6) with time zone,
  till date default ('tomorrow'::character varying)::date
);
-- @@ b client=script
alter table visit add column again date default date('now'::text);
create view visits as select day from visit where day < ('today'::text)::date;
-- @@ c
create function f() returns date language sql as 'select ''now''::text::date';
