-- code, with other statements in its text, drops a column of each table and gives its name to another one
-- @strict
-- @@ a client=script
create table users (u_id bigserial primary key, id bigint generated always as (5) stored, name text, constraint users_unique_id unique (id));
create table other (id int primary key, created_by bigint constraint created_by_fkey references users (id));
create table photo (p_id int primary key, id int generated always as (7) stored, path text);
-- @@ b client=script
drop table if exists nothing;
alter table photo add column size int;
do $$ begin
  if exists (select 1 from information_schema.columns where table_name = 'users' and column_name = 'u_id') then
    alter table only other drop constraint created_by_fkey;
    alter table users drop column id;
    alter table users rename column u_id to id;
    alter table only other add constraint created_by_fkey foreign key (created_by) references users (id);
  end if;
  if exists (select 1 from information_schema.columns where table_name = 'photo' and column_name = 'p_id') then
    alter table photo drop column id;
    alter table photo rename column p_id to id;
  end if;
end $$;
create function f() returns int language sql as 'select 1';
-- @@ c client=script
create view ids as select u.id, name, p.path from users u join photo p on p.id = u.id;
