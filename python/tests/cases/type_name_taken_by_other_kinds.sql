-- an enum replaced by a domain of the same name, then by a composite, then a table of that name
-- @strict
-- @@ a client=script
create type kind as enum ('a', 'b');
create table t (id int primary key, k kind not null default 'a', ks kind[]);
create function fk(kind) returns text language sql immutable as 'select $1::text';
-- @@ b client=script
drop function fk(kind);
alter table t alter k drop default, alter k type text using k::text, alter ks type text[] using ks::text[];
drop type kind;
create domain kind as text check (value in ('a', 'b', 'c'));
alter table t alter k type kind, alter k set default 'c', alter ks type kind[];
create function fk(kind) returns text language sql immutable as 'select $1 || 1';
-- @@ c client=script
drop function fk(kind);
alter table t alter k drop default, alter k type text, drop ks;
drop domain kind;
create type kind as (code text, label text);
alter table t add column kk kind;
-- @@ d client=script
alter type kind add attribute extra int;
alter table t add column z int;
-- @@ e client=script
alter table t drop kk;
drop type kind;
create table kind (code text primary key);
alter table t add foreign key (k) references kind (code);
