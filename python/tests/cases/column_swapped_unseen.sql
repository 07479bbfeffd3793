-- @strict
-- a column takes another's name without a row, and a text drops the first under a name of which nothing else tells
-- @@ first
create table ord (id int primary key, total int not null, note text);
alter table ord add column total_new bigint;
-- @@ second
alter table ord alter total_new set not null;
-- @@ third client=psql1
alter table ord rename total to total_old;
alter table ord rename total_new to total;
alter table ord drop column total_old;
-- @@ fourth
create index ord_total on ord (total) where total > 10;
