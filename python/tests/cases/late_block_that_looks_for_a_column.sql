-- a block gives an older table a column that it looks for; what stands behind it in the text is as its rows say
-- @strict
-- @@ before setup
create table posts (id int primary key, body text not null);
-- @@ engagement client=script
create table reposts (id int primary key, post int references public.posts);
do $$ begin
  if not exists (select 1 from information_schema.columns where table_name = 'posts' and column_name = 'reposts') then
    alter table public.posts add column reposts int default 0;
  end if;
end $$;
create or replace function public.counts(p int) returns bigint language sql as $$ select count(*) from public.reposts where post = p $$;
create or replace function public.counted() returns trigger language plpgsql as $$ begin return new; end $$;
create view public.popular as select post, count(*) as n from public.reposts group by post;
-- @@ gone client=script
drop view popular;
drop function counts(int);
drop function counted();
alter table posts add column at date;
