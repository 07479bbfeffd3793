-- a partition detached while others work, which leaves a check of its bounds
-- @strict
-- @@ a
create table log (id int, at date not null, note text) partition by range (at);
create table log_1 partition of log for values from ('2024-01-01') to ('2024-02-01');
create table log_2 partition of log for values from ('2024-02-01') to ('2024-03-01');
create table log_rest partition of log for values from ('2024-03-01') to ('2025-01-01');
create index log_at on log (at);
-- @@ b
alter table log detach partition log_1 concurrently;
alter table log_1 add column x int;
-- @@ c
alter table log add column y int;
alter table log detach partition log_2;
-- @@ d
alter table log_1 rename to log_old;
alter table log_old drop constraint log_1_at_check;
-- @@ e
alter table log_old add column z int;
create table log_d partition of log default;
alter table log_d add constraint d_check check (id > 0);
alter table log_2 add constraint own check (at >= '2024-02-01' and at < '2024-03-01');
alter table log attach partition log_2 for values from ('2024-02-01') to ('2024-03-01');
