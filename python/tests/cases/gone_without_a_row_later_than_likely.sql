-- a function and a trigger go without a row, later than is likely: the transaction without a row that is taken for it was another's
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'unrecorded_drop' and not_after_version_id is not null
-- @after select count(*) = 1 from pggit_audit.changes join pggit_audit.repairs using (change_id) where object_type = 'TRIGGER' and rule = 'unrecorded_drop'
-- @@ first client=script
create table pet (id int primary key, name text);
create function note() returns trigger language plpgsql as $$begin return new; end$$;
create function mean(int) returns int language sql as 'select $1';
create trigger noted before insert on pet for each row execute function note();
-- @@ second
create table vet (id int);
-- @@ third
insert into vet values (1);
-- @@ fourth
create table food (id int);
-- @@ fifth
create table toy (id int);
-- @@ sixth
create table bed (id int);
-- @@ seventh
create table bowl (id int);
-- @@ eighth
drop function mean(int);
-- @@ ninth
drop trigger noted on pet;
-- @@ tenth
create table last (id int);
