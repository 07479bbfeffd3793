-- code that catches what its rows do to a constraint: none of it is in the history
-- @@ a
create table t (id int primary key, a int);
insert into t values (1, -1);
create table u (id int primary key, a int);
insert into u values (1, -1);
-- @@ b
do $$ begin
  alter table t add constraint a_positive check (a > 0);
exception when check_violation then
  alter table t add constraint a_positive check (a > 0) not valid;
end $$;
-- @@ c
do $$ begin
  alter table u add column b int;
  begin
    alter table u add constraint a_positive check (a > 0);
  exception when others then null;
  end;
end $$;
-- @@ d
update u set a = 1;
alter table u add constraint a_positive check (a > 0);
-- @@ e
update t set a = 1;
alter table t validate constraint a_positive;
