-- code whose only random call and reads stand in what it makes: all of it is certain
-- @strict
-- @@ a
create table t (id int primary key, a int);
create function stamp() returns trigger language plpgsql as $$ begin new.a := extract(epoch from now()); return new; end $$;
-- @@ b
do $$ begin
  if not exists (select 1 from information_schema.columns where table_name = 't' and column_name = 'k') then
    alter table t add column k uuid not null default gen_random_uuid();
  end if;
  create view recent as select id from t where a > extract(epoch from now());
  create trigger stamped before update on t for each row execute function stamp();
  update t set a = s.a from t s where s.id = t.id;
end $$;
-- @@ c
alter table t add column z int;
