-- routines in C and in untrusted languages, and a language: only a superuser makes them, and the live catalog has them
-- @@ a
create table t (id int);
create function public.low(text) returns text language internal strict immutable as 'lower';
create function public.two(int) returns int language internal strict immutable as 'int4abs';
create function public.two(bigint) returns bigint language internal strict immutable as 'int8abs';
-- @@ b
create function public.handle() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create language own handler public.handle;
create function public.effect(text) returns text language own as 'begin return $1; end';
-- @@ c
create index t_two on t (two(id));
create view low_v as select low('A') as a, id from t;
create or replace function public.low(text) returns text language internal strict immutable as 'upper';
