-- @strict
-- renamed away, then its old name again for a column of another table's type, quoted table
-- @@ a
create table "Person" (id int primary key, seen timestamptz, note text);
-- @@ b
alter table "Person" rename column note to remark;
alter table "Person" add column note int;
-- @@ c
alter table "Person" add column extra int;
-- @@ d
create index on "Person" (note);
alter table "Person" add column last int;
