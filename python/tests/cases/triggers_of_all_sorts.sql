-- @strict
-- constraint triggers, transition tables, columns and conditions, replaced in place, renamed, on partitions, instead of
-- @@ a client=script
create function note() returns trigger language plpgsql as $$ begin return null; end $$;
create table ev (id int, at date, kind text, primary key (id, at)) partition by range (at);
create table ev_1 partition of ev for values from ('2024-01-01') to ('2025-01-01');
create trigger t_row after insert or update of kind, at on ev for each row when (new.kind is distinct from 'x') execute function note('a', 'b''c');
create trigger t_stmt after update on ev referencing old table as o new table as n for each statement execute function note();
create constraint trigger t_con after delete on ev_1 deferrable initially deferred for each row execute function note();
create view ev_v as select id, at from ev;
create trigger t_inst instead of insert or delete on ev_v for each row execute function note();
-- @@ b client=script
create table ev_2 partition of ev for values from ('2025-01-01') to ('2026-01-01');
create or replace trigger t_row after insert on ev for each row execute function note();
alter trigger t_stmt on ev rename to t_statement;
alter table ev_2 disable trigger t_row;
-- @@ c client=script
alter table ev enable always trigger t_statement;
alter table ev rename column kind to sort;
-- @@ d client=script
alter table ev detach partition ev_2;
alter table ev_2 add column z int;
-- @@ e client=script
drop trigger t_row on ev;
drop function note() cascade;
create table done (id int);
