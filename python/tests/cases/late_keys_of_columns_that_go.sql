-- Tables that are older than the tracker, and columns of theirs that go without a text that names their keys: each has what all
-- others on columns of such a name have; another key takes the place of the first
-- @strict
-- @@ older setup
create table person (id serial primary key, name text not null);
create table plan (id serial primary key, made_by integer not null references person (id), title text);
create table task (id serial primary key, made_by integer not null references person (id), plan_id integer not null, code text not null);
create table run (id serial primary key, made_by integer not null references person (id), note text);
-- @@ a client=script
create table memo (id serial primary key, made_by integer not null references person (id), body text);
create table mark (id serial primary key, made_by integer not null references person (id));
create table step (id serial primary key, made_by integer not null constraint step_by references person (id));
create table other (id serial primary key);
-- @@ b client=script
alter table plan add column at timestamptz;
alter table task add column at timestamptz;
alter table run add column at timestamptz;
-- @@ c client=script
alter table plan drop column made_by;
alter table task drop column made_by;
alter table task drop constraint task_pkey;
alter table task add primary key (plan_id, id);
-- @@ d
drop table run;
