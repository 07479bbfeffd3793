-- a generated column calls a function that asks a sequence, which no row and no other text knows; it is moved later
-- @noextra
-- @@ one
create sequence numbers;
create function gen_id() returns text language sql immutable as $$ select 'P_' || nextval('public.numbers'::regclass)::text $$;
create table product (id text generated always as (gen_id()) stored not null, note text);
-- @@ two
create schema counters;
alter sequence numbers set schema counters;
create or replace function gen_id() returns text language sql immutable as $$ select 'P_' || nextval('counters.numbers'::regclass)::text $$;
create table other (id text generated always as (gen_id()) stored);
