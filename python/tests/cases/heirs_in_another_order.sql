-- tables begin to inherit later, with columns in another order than their parents'; partitions, too
-- @strict
-- @@ a
create table base (id int not null, note text, check (id > 0));
create table other (own int, note text, id int not null, constraint base_id_check check (id > 0));
alter table other inherit base;
create table child (own int) inherits (base);
alter table child no inherit base;
-- @@ b
create table grand (more int) inherits (other);
alter table other no inherit base;
alter table other inherit base;
create table second (own int, at date) inherits (base);
create table dated (at date);
alter table second inherit dated;
-- @@ build
-- @@ c
create table m (id int, at date, note text) partition by range (at);
create table m_1 (note text, at date, id int);
alter table m attach partition m_1 for values from ('2020-01-01') to ('2021-01-01');
-- @@ d
alter table m detach partition m_1;
alter table m_1 inherit dated;
alter table dated rename column at to day;
